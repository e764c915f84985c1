// SPDX-License-Identifier: MIT
/*
 * DSP code that calls back into the application, and logs.
 *
 *	callback [DEVICE]
 */
#include <stdio.h>
#include <string.h>

#include <qda/qda.h>

#define RUN	2	/* methods of the module "callback" */
#define LOG	3
#define STEP	0	/* method of the interface that it calls */
#define STEPS	5

struct step_in {
	int32_t number;
	int64_t value;
};

/* On the session's own thread, while the DSP waits. */
static int32_t step(void *data, const struct qda_reverse_call *call)
{
	struct step_in in;
	int64_t result;

	/* the DSP is not trusted: the shape is checked before anything is read */
	if (call->method != STEP || call->num_in != 1 || call->num_out != 1 ||
	    call->in[0].size != sizeof(in) || call->out[0].size != sizeof(result))
		return 0x0e; /* AEE_EBADPARM */
	memcpy(&in, call->in[0].data, sizeof(in));
	result = in.value * 2;
	printf("%sstep %d: %lld becomes %lld\n", (const char *)data, in.number,
	       (long long)in.value, (long long)result);
	memcpy(call->out[0].data, &result, sizeof(result));
	return 0;
}

static void dsp_log(void *data, const struct qda_dsp_message *message)
{
	(void)data;
	printf("%s: %s:%u: %s\n", message->dsp, message->file, message->line,
	       message->text);
}

int main(int argc, char **argv)
{
	struct qda_failure why = QDA_FAILURE_INIT;
	struct qda_ctx *ctx = NULL;
	struct qda_device *device = NULL;
	struct qda_session *session = NULL;
	struct qda_module *module = NULL;
	struct qda_reverse *reverse = NULL;
	int64_t result = 0;
	int32_t status = 0;
	int err;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fprintf(stderr, "usage: callback [DEVICE]\n");
		return 2;
	}
	err = qda_ctx_new(NULL, &ctx);
	if (err) {
		fprintf(stderr, "callback: %s\n", qda_strerror(err));
		return 1;
	}
	qda_ctx_set_dsp_log(ctx, dsp_log, NULL);
	if (qda_device_open(ctx, argv[1], &device, &why) ||
	    qda_session_open(device, NULL, &session, &why) ||
	    qda_reverse_new(session, "doubler", step, (void *)"  ", &reverse, &why) ||
	    qda_module_open(session, "callback", &module, &why)) {
		fprintf(stderr, "callback: %s\n", why.message);
		err = -1;
	} else {
		err = qda_invoke(module, LOG, &status, QDA_IN_I32(QDA_DSP_LOG_HIGH),
				 QDA_IN_STR("now I call you"));
		if (!err && !status)
			err = qda_invoke(module, RUN, &status, QDA_IN_STR("doubler"),
					 QDA_IN_I32(STEPS), QDA_IN_I64(1),
					 QDA_OUT(&result));
		if (err)
			fprintf(stderr, "callback: %s\n", qda_strerror(err));
		else if (status)
			fprintf(stderr, "callback: %s\n", qda_status_text(status));
		else
			printf("after %d steps the DSP has %lld\n", STEPS,
			       (long long)result);
		/* the log comes on its own time: ask for what is still on its way */
		qda_session_exit(session, 1000000000);
	}
	qda_module_unref(module);
	qda_reverse_unref(reverse);
	qda_session_unref(session);
	qda_device_unref(device);
	qda_ctx_unref(ctx);
	return err || status ? 1 : 0;
}
