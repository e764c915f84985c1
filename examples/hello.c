// SPDX-License-Identifier: MIT
/*
 * Add numbers on a DSP.
 *
 *	hello [DEVICE]		DEVICE: see qda_device_open(), such as "soft:cdsp"
 */
#include <stdio.h>
#include <stdlib.h>

#include <qda/qda.h>

#define SUM 2 /* method of the calculator's interface */

int main(int argc, char **argv)
{
	struct qda_failure why = QDA_FAILURE_INIT;
	struct qda_ctx *ctx = NULL;
	struct qda_device *device = NULL;
	struct qda_session *session = NULL;
	struct qda_module *calculator = NULL;
	int32_t numbers[1000], status = 0;
	int64_t sum = 0;
	int i, err;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fprintf(stderr, "usage: hello [DEVICE]\n");
		return 2;
	}
	for (i = 0; i < 1000; i++)
		numbers[i] = i;

	err = qda_ctx_new(NULL, &ctx);
	if (err) {
		fprintf(stderr, "hello: %s\n", qda_strerror(err));
		return 1;
	}
	/* these say why they failed: device, path, cause, cure */
	if (qda_device_open(ctx, argv[1], &device, &why) ||
	    qda_session_open(device, NULL, &session, &why) ||
	    qda_module_open(session, "calculator", &calculator, &why)) {
		fprintf(stderr, "hello: %s\n", why.message);
		err = -1;
	} else {
		err = qda_invoke(calculator, SUM, &status,
				 QDA_IN_SEQ(numbers, 1000), QDA_OUT(&sum));
		if (err)
			fprintf(stderr, "hello: %s\n", qda_strerror(err));
		else if (status)
			fprintf(stderr, "hello: %s\n", qda_status_text(status));
		else
			printf("0 + 1 + ... + 999 = %lld, says the %s\n",
			       (long long)sum, qda_device_get_name(device));
	}
	qda_module_unref(calculator);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	return err || status ? 1 : 0;
}
