// SPDX-License-Identifier: MIT
/*
 * Filter a picture on a DSP. The file is decoded straight into memory the DSP
 * sees, each filter reads one buffer and writes another, and the last one is
 * encoded from there: no pixel is copied on its way.
 *
 *	image [-d DEVICE] IN.png OUT.png FILTER...
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <qda/qda.h>

#include "png-file.h"

#define MAX_FILTERS	16
#define ROW_ALIGN	128		/* a vector register of the DSP */

enum filter_kind {
	FILTER_SOBEL,
	FILTER_BLUR,
	FILTER_RESIZE,
	FILTER_GRAY,
};

struct filter {
	enum filter_kind kind;
	float sigma;
	uint32_t width, height;
};

/* A picture in a buffer of the session */
struct frame {
	struct png_picture picture;
	struct qda_buffer *buffer;
};

struct app {
	const char *device_name;
	const char *in, *out;
	struct filter filters[MAX_FILTERS];
	unsigned int num_filters;

	struct qda_ctx *ctx;
	struct qda_device *device;
	struct qda_session *session;
	struct qda_module *module;

	int64_t start_ns, shown_ns;
	bool shown;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
	stop_signal = number;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* --- words ---------------------------------------------------------------- */

static int usage(const char *wrong)
{
	if (wrong)
		fprintf(stderr, "image: %s\n", wrong);
	fprintf(stderr,
		"usage: image [-d DEVICE] IN.png OUT.png FILTER...\n"
		"  sobel           edges (of the gray picture)\n"
		"  blur[=SIGMA]    Gaussian blur, 0.1 to 64 pixels, default 2\n"
		"  gray            RGB to gray\n"
		"  resize=WxH      bilinear\n"
		"Filters are applied in order. DEVICE: default $QDA_DEVICE.\n");
	return 2;
}

/* nothing during the first second; then a line that rewrites itself */
static void show(struct app *app, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void show(struct app *app, const char *format, ...)
{
	bool terminal = isatty(STDERR_FILENO);
	int64_t now = now_ns();
	va_list args;

	if (now - app->start_ns < 1000000000 || now - app->shown_ns < 200000000)
		return;
	/* a log gets one line for each second */
	if (!terminal && now - app->shown_ns < 1000000000)
		return;
	app->shown_ns = now;
	va_start(args, format);
	fprintf(stderr, terminal ? "\r\033[K" : "image: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, terminal ? "" : "\n");
	va_end(args);
	app->shown = terminal;
}

static void show_end(const struct app *app)
{
	if (app->shown)
		fprintf(stderr, "\r\033[K");
}

static int on_progress(void *data, const char *what, uint64_t done, uint64_t total)
{
	show(data, "%s: %d %%", what, (int)(done * 100 / total));
	return stop_signal;
}

static int fail(const struct app *app, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(const struct app *app, const char *format, ...)
{
	va_list args;

	show_end(app);
	va_start(args, format);
	fprintf(stderr, "image: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	return -1;
}

static int fail_err(const struct app *app, const char *what, int err)
{
	const char *advice = qda_error_advice(err);

	return fail(app, "%s: %s%s%s", what, qda_strerror(err), *advice ? ". " : "",
		    advice);
}

/* --- command line --------------------------------------------------------- */

static bool parse_filter(const char *text, struct filter *filter)
{
	char *end = NULL;
	unsigned int used = 0;

	memset(filter, 0, sizeof(*filter));
	if (!strcmp(text, "sobel")) {
		filter->kind = FILTER_SOBEL;
		return true;
	}
	if (!strcmp(text, "gray")) {
		filter->kind = FILTER_GRAY;
		return true;
	}
	if (!strcmp(text, "blur") || !strncmp(text, "blur=", 5)) {
		filter->kind = FILTER_BLUR;
		filter->sigma = text[4] ? strtof(text + 5, &end) : 2.0f;
		if (end && (*end || end == text + 5))
			return false;
		return filter->sigma >= 0.1f && filter->sigma <= 64.0f;
	}
	filter->kind = FILTER_RESIZE;
	if (sscanf(text, "resize=%8" SCNu32 "x%8" SCNu32 "%n", &filter->width,
		   &filter->height, &used) != 2 || text[used])
		return false;
	return filter->width && filter->height && filter->width <= PNG_MAX_SIDE &&
	       filter->height <= PNG_MAX_SIDE;
}

static int parse(struct app *app, int argc, char **argv)
{
	char wrong[256];
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "d:")) != -1) {
		if (option != 'd')
			return usage(NULL);
		app->device_name = optarg;
	}
	if (argc - optind < 3)
		return usage(NULL);
	app->in = argv[optind++];
	app->out = argv[optind++];
	for (; optind < argc; optind++) {
		if (app->num_filters == MAX_FILTERS)
			return usage("too many filters");
		if (!parse_filter(argv[optind], &app->filters[app->num_filters++])) {
			snprintf(wrong, sizeof(wrong), "what is the filter \"%s\"?",
				 argv[optind]);
			return usage(wrong);
		}
	}
	return 0;
}

/* --- frames --------------------------------------------------------------- */

/* a zeroed buffer for a picture of this size, mapped */
static int frame_new(struct app *app, const char *what, uint32_t width,
		     uint32_t height, uint32_t channels, struct frame *frame)
{
	uint64_t stride = ((uint64_t)width * channels + ROW_ALIGN - 1) / ROW_ALIGN *
			  ROW_ALIGN;
	uint64_t limit = 0, size = stride * height;
	struct qda_buffer *buffer = NULL;
	void *address;
	int err;

	err = qda_device_query(app->device, QDA_DEVICE_MAX_BUFFER, &limit);
	if (err)
		return fail_err(app, what, err);
	/* lengths of sequences are 31 bits */
	if (limit > INT32_MAX)
		limit = INT32_MAX;
	if (size > limit)
		return fail(app,
			    "%s: %" PRIu32 " x %" PRIu32 " pixels are too many: %" PRIu64
			    " MiB, and a buffer of this DSP has at most %" PRIu64 " MiB",
			    what, width, height, size >> 20, (limit + 1) >> 20);
	err = qda_buffer_new(app->session, size, &buffer);
	if (!err)
		err = qda_buffer_map(buffer, &address);
	if (err) {
		qda_buffer_unref(buffer);
		return fail_err(app, what, err);
	}
	frame->buffer = buffer;
	frame->picture = (struct png_picture){
		.width = width,
		.height = height,
		.channels = channels,
		.stride = (size_t)stride,
		.data = address,
	};
	return 0;
}

/* --- filters -------------------------------------------------------------- */

/* start the call, and look up from time to time while the DSP works */
static int run(struct app *app, const char *name, uint32_t method,
	       const struct qda_arg *args, size_t num_args)
{
	struct qda_call *call = NULL;
	int64_t start = now_ns();
	const char *advice;
	int32_t status = 0;
	int err;

	err = qda_call_new(app->module, method, args, num_args, &call);
	if (!err)
		err = qda_call_submit(call, NULL, NULL);
	while (!err) {
		err = qda_call_wait(call, 100000000, &status);
		if (!err)
			break;
		if (err == -ETIMEDOUT)
			show(app, "%s: %.1f s on the DSP", name,
			     (double)(now_ns() - start) / 1e9);
		if ((err == -ETIMEDOUT || err == -EINTR) && !stop_signal)
			err = 0;
	}
	qda_call_unref(call);
	if (stop_signal)
		return fail(app, "interrupted");
	if (err)
		return fail_err(app, name, err);
	if (status) {
		advice = qda_status_advice(status);
		return fail(app, "%s: %s%s%s", name, qda_status_text(status),
			    *advice ? ". " : "", advice);
	}
	return 0;
}

#define SRC(f)	QDA_IN_BUF((f)->buffer, 0, (f)->picture.stride * (f)->picture.height)
#define DST(f)	QDA_OUT_BUF((f)->buffer, 0, (f)->picture.stride * (f)->picture.height)

/* arguments in the order of dsp/modules/image/image.idl */
static int call_sobel(struct app *app, const struct frame *src, const struct frame *dst)
{
	const struct qda_arg args[] = {
		SRC(src), QDA_IN_U32((uint32_t)src->picture.stride),
		DST(dst), QDA_IN_U32((uint32_t)dst->picture.stride),
		QDA_IN_U32(src->picture.width), QDA_IN_U32(src->picture.height),
	};

	return run(app, "sobel", 2, args, sizeof(args) / sizeof(args[0]));
}

static int call_blur(struct app *app, const struct frame *src, const struct frame *dst,
		     float sigma)
{
	const struct qda_arg args[] = {
		SRC(src), QDA_IN_U32((uint32_t)src->picture.stride),
		DST(dst), QDA_IN_U32((uint32_t)dst->picture.stride),
		QDA_IN_U32(src->picture.width), QDA_IN_U32(src->picture.height),
		QDA_IN_U32(src->picture.channels), QDA_IN_FLOAT(sigma),
	};

	return run(app, "blur", 3, args, sizeof(args) / sizeof(args[0]));
}

static int call_resize(struct app *app, const struct frame *src,
		       const struct frame *dst)
{
	const struct qda_arg args[] = {
		SRC(src), QDA_IN_U32((uint32_t)src->picture.stride),
		QDA_IN_U32(src->picture.width), QDA_IN_U32(src->picture.height),
		DST(dst), QDA_IN_U32((uint32_t)dst->picture.stride),
		QDA_IN_U32(dst->picture.width), QDA_IN_U32(dst->picture.height),
		QDA_IN_U32(src->picture.channels),
	};

	return run(app, "resize", 4, args, sizeof(args) / sizeof(args[0]));
}

static int call_gray(struct app *app, const struct frame *src, const struct frame *dst)
{
	const struct qda_arg args[] = {
		SRC(src), QDA_IN_U32((uint32_t)src->picture.stride),
		DST(dst), QDA_IN_U32((uint32_t)dst->picture.stride),
		QDA_IN_U32(src->picture.width), QDA_IN_U32(src->picture.height),
		QDA_IN_U32(src->picture.channels),
	};

	return run(app, "gray", 5, args, sizeof(args) / sizeof(args[0]));
}

/* replace the frame by the filtered one */
static int apply(struct app *app, const struct filter *filter, struct frame *frame)
{
	static const struct filter gray = { .kind = FILTER_GRAY };
	struct png_picture *p = &frame->picture;
	bool one_channel = filter->kind == FILTER_SOBEL || filter->kind == FILTER_GRAY;
	bool resize = filter->kind == FILTER_RESIZE;
	struct frame result = { .buffer = NULL };
	int err;

	if (filter->kind == FILTER_GRAY && p->channels == 1)
		return 0;
	if (filter->kind == FILTER_SOBEL && p->channels != 1) {
		err = apply(app, &gray, frame);
		if (err)
			return err;
	}
	err = frame_new(app, "result", resize ? filter->width : p->width,
			resize ? filter->height : p->height,
			one_channel ? 1 : p->channels, &result);
	if (err)
		return err;

	switch (filter->kind) {
	case FILTER_SOBEL:
		err = call_sobel(app, frame, &result);
		break;
	case FILTER_BLUR:
		err = call_blur(app, frame, &result, filter->sigma);
		break;
	case FILTER_RESIZE:
		err = call_resize(app, frame, &result);
		break;
	case FILTER_GRAY:
		err = call_gray(app, frame, &result);
		break;
	}
	qda_buffer_unref(frame->buffer);
	*frame = result;
	return err;
}

/* --- the whole ------------------------------------------------------------ */

static int connect_dsp(struct app *app)
{
	struct qda_failure why = QDA_FAILURE_INIT;
	int err = qda_ctx_new(NULL, &app->ctx);

	if (err)
		return fail_err(app, "libqda", err);
	if (qda_device_open(app->ctx, app->device_name, &app->device, &why) ||
	    qda_session_open(app->device, NULL, &app->session, &why) ||
	    qda_module_open(app->session, "image", &app->module, &why))
		return fail(app, "%s", stop_signal ? "interrupted" : why.message);
	return 0;
}

static int process(struct app *app, struct frame *frame)
{
	struct png_picture *p = &frame->picture;
	struct png_reader *reader = NULL;
	struct png_picture head;
	int64_t start, filtered = 0;
	char why[512] = "";
	unsigned int i;
	int err;

	if (png_reader_open(app->in, &reader, &head, why, sizeof(why)))
		return fail(app, "%s", why);
	err = connect_dsp(app);
	if (!err)
		err = frame_new(app, app->in, head.width, head.height, head.channels,
				frame);
	if (!err && png_reader_read(reader, p, on_progress, app))
		err = fail(app, "%s", why);
	png_reader_close(reader);
	if (err)
		return err;

	for (i = 0; i < app->num_filters; i++) {
		start = now_ns();
		if (apply(app, &app->filters[i], frame))
			return -1;
		filtered += now_ns() - start;
	}
	if (png_write(app->out, p, on_progress, app, why, sizeof(why)))
		return fail(app, "%s", why);
	show_end(app);
	printf("%s: %" PRIu32 " x %" PRIu32 ", %u filter%s in %.1f ms on the %s (%s)\n",
	       app->out, p->width, p->height, app->num_filters,
	       app->num_filters == 1 ? "" : "s", (double)filtered / 1e6,
	       qda_device_get_name(app->device), qda_device_get_path(app->device));
	return 0;
}

int main(int argc, char **argv)
{
	/* no SA_RESTART: a signal shall end what is being waited for */
	struct sigaction action = { .sa_handler = on_signal };
	struct app app = { .start_ns = now_ns() };
	struct frame frame = { .buffer = NULL };
	int err = parse(&app, argc, argv);

	if (err)
		return err;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);

	err = process(&app, &frame);

	/* a filter that is still running must not keep us */
	if (err && app.session)
		qda_session_release(app.session);
	qda_buffer_unref(frame.buffer);
	qda_module_unref(app.module);
	qda_session_unref(app.session);
	qda_device_unref(app.device);
	qda_ctx_unref(app.ctx);
	if (stop_signal) {
		/* end as the signal would have it, now that all is cleaned up */
		signal(stop_signal, SIG_DFL);
		raise(stop_signal);
	}
	return err ? 1 : 0;
}
