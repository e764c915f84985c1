/* SPDX-License-Identifier: MIT */
/* An outside program: nothing but installed headers, pkg-config and a soft device. */
#include <stdio.h>
#include <string.h>

#include <qda/qda.h>

int main(void)
{
	static const int numbers[] = { 19, 23 };
	struct qda_failure why = QDA_FAILURE_INIT;
	struct qda_ctx *ctx = NULL;
	struct qda_device *device = NULL;
	struct qda_session *session = NULL;
	struct qda_module *calculator = NULL;
	long long sum = 0;
	int32_t status = -1;
	int err;
	/* the initialisers are for C++ as for C */
	const struct qda_arg args[] = {
		QDA_ARG_INIT_IN_SEQ(numbers, sizeof(numbers[0]), 2),
		QDA_ARG_INIT_OUT(&sum, sizeof(sum), sizeof(sum)),
	};

	err = qda_ctx_new(NULL, &ctx);
	if (!err)
		err = qda_device_open(ctx, "soft:cdsp", &device, &why);
	if (!err)
		err = qda_session_open(device, NULL, &session, &why);
	if (!err)
		err = qda_module_open(session, "calculator", &calculator, &why);
	if (!err)
		err = qda_module_invoke(calculator, 2, args, 2, &status);
	if (err)
		printf("error %d (%s): %s\n", err, qda_strerror(err), why.message);
	else
		printf("libqda %s: sum %lld, status %ld\n", qda_version(), sum,
		       (long)status);
	qda_module_unref(calculator);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	return err || status || sum != 42;
}
