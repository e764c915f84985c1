// SPDX-License-Identifier: MIT
/* The trace of calls both ways, and what DSP code logs. */
#include "common.h"

#define CALLBACK_LOG	3
#define LEVEL_HIGH	2

struct seen {
	pthread_mutex_t lock;
	unsigned int kinds[8];
	unsigned int listener, bad, messages, accents;
	char text[64];
};

static void on_trace(void *data, const struct qda_trace_event *event)
{
	struct seen *seen = data;

	pthread_mutex_lock(&seen->lock);
	if (event->kind < 8)
		seen->kinds[event->kind]++;
	seen->listener += event->listener;
	seen->bad += event->size != sizeof(*event) || !event->text || !event->thread ||
		     strchr(event->text, '\n') || event->kind < QDA_TRACE_STEP ||
		     event->kind > QDA_TRACE_ANSWER;
	/* an argument that begins so; CSI, as a terminal may take it */
	seen->accents += strstr(event->text, "} \xc3\xa9") != NULL;
	seen->bad += strstr(event->text, "\xc2\x9b") != NULL;
	pthread_mutex_unlock(&seen->lock);
}

static void on_message(void *data, const struct qda_dsp_message *message)
{
	struct seen *seen = data;

	pthread_mutex_lock(&seen->lock);
	seen->messages++;
	seen->bad += message->size != sizeof(*message) ||
		     message->level != QDA_DSP_LOG_HIGH ||
		     strcmp(message->dsp, qda_device_get_name(device)) ||
		     !message->line || !strstr(message->file, "callback");
	snprintf(seen->text, sizeof(seen->text), "%s", message->text);
	pthread_mutex_unlock(&seen->lock);
}

static void load_and_log(const char *text)
{
	struct qda_failure failure = QDA_FAILURE_INIT;
	struct qda_module *module;
	struct qda_session *s;
	int32_t status;

	ok(qda_session_open(device, NULL, &s, &failure), &failure);
	ok(qda_module_open(s, "callback", &module, &failure), &failure);
	assert_int_equal(qda_invoke(module, CALLBACK_LOG, &status,
				    QDA_IN_I32(LEVEL_HIGH), QDA_IN_STR(text)), 0);
	assert_int_equal(status, 0);
	/* what is on its way comes first */
	assert_int_equal(qda_session_exit(s, 20000000000), 0);
	qda_module_unref(module);
	qda_session_unref(s);
}

static void both_ways(void **state)
{
	struct seen seen = { .lock = PTHREAD_MUTEX_INITIALIZER };
	unsigned int before;

	(void)state;
	assert_int_equal(qda_ctx_set_trace(ctx, on_trace, &seen), 0);
	load_and_log("x");
	assert_int_equal(seen.bad, 0);
	assert_true(seen.kinds[QDA_TRACE_STEP] > 0);
	assert_true(seen.listener > 0);
	/* of each call its end, of each reverse call its answer */
	assert_int_equal(seen.kinds[QDA_TRACE_CALL], seen.kinds[QDA_TRACE_RETURN]);
	assert_true(seen.kinds[QDA_TRACE_CALL] > 4);
	assert_int_equal(seen.kinds[QDA_TRACE_REVERSE], seen.kinds[QDA_TRACE_ANSWER]);
	assert_true(seen.kinds[QDA_TRACE_REVERSE] > 4);

	before = seen.kinds[QDA_TRACE_CALL];
	assert_int_equal(qda_ctx_set_trace(ctx, NULL, NULL), 0);
	load_and_log("x");
	assert_int_equal(seen.kinds[QDA_TRACE_CALL], before);
}

static void messages(void **state)
{
	struct seen seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

	(void)state;
	assert_int_equal(qda_ctx_set_dsp_log(ctx, on_message, &seen), 0);
	load_and_log("hello from there");
	assert_int_equal(seen.messages, 1);
	assert_int_equal(seen.bad, 0);
	assert_string_equal(seen.text, "hello from there");
	assert_int_equal(qda_ctx_set_dsp_log(ctx, NULL, NULL), 0);
	load_and_log("nobody");
	assert_int_equal(seen.messages, 1);
}

/* what is not ASCII, but no control; what is; and what is cut, within a character */
static void texts(void **state)
{
	struct seen seen = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char longer[3002] = "";

	(void)state;
	assert_int_equal(qda_ctx_set_trace(ctx, on_trace, &seen), 0);
	assert_int_equal(qda_ctx_set_dsp_log(ctx, on_message, &seen), 0);
	load_and_log("\xc3\xa9");
	assert_string_equal(seen.text, "\xc3\xa9");
	assert_int_equal(seen.accents, 1);
	load_and_log("\xc3\xa9\xc2\x9b" "2J");
	assert_string_equal(seen.text, "\xc3\xa9??2J");
	assert_int_equal(seen.accents, 1);
	for (int i = 0; i < 1500; i++)
		strcat(longer, "\xc3\xa9");
	load_and_log(longer);
	assert_int_equal(seen.accents, 2);
	load_and_log(longer + 1);
	assert_int_equal(seen.bad, 0);
	assert_int_equal(qda_ctx_set_trace(ctx, NULL, NULL), 0);
	assert_int_equal(qda_ctx_set_dsp_log(ctx, NULL, NULL), 0);
}

static int in_child(void *arg)
{
	(void)arg;
	if (qda_ctx_set_trace(ctx, on_trace, NULL) != -EOWNERDEAD)
		return 1;
	return qda_ctx_set_dsp_log(ctx, on_message, NULL) == -EOWNERDEAD ? 0 : 2;
}

static void refused(void **state)
{
	(void)state;
	assert_int_equal(qda_ctx_set_trace(NULL, on_trace, NULL), -EINVAL);
	assert_int_equal(qda_ctx_set_dsp_log(NULL, on_message, NULL), -EINVAL);
	assert_int_equal(child_run(in_child, NULL, 10000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		soft_test(both_ways, setup_device),
		soft_test(messages, setup_device),
		soft_test(texts, setup_device),
		soft_test(refused, setup_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
