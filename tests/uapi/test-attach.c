// SPDX-License-Identifier: MIT
#include "common.h"

#define ATTACH	DRM_IOCTL_QDA_SESSION_ATTACH

static struct drm_qda_session_attach to(uint32_t pd, const char *name)
{
	struct drm_qda_session_attach a = { .pd = pd, .status = (int32_t)FILL32 };

	memcpy(a.name, name, strlen(name));
	return a;
}

static void test_root(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_ROOT, "");
	struct drm_qda_remote_invoke i = {
		.stride = 40, .handle = 0, .scalars = DRM_QDA_SCALARS(30, 0, 0, 0, 0),
	};
	int fd = dev_open();

	(void)arg;
	expect(fd, ATTACH, &a, 0);
	check_eq(a.status, 0);
	/* there is somebody to answer */
	expect(fd, DRM_IOCTL_QDA_REMOTE_INVOKE, &i, 0);
	check(i.status, "the loader has no method 30");
}

static void test_static(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_STATIC, "audiopd");

	(void)arg;
	use_device("adsp", "");
	expect(dev_open(), ATTACH, &a, 0);
	check_eq(a.status, 0);
	check(!strcmp((char *)a.name, "audiopd"), "the name was changed");
}

static void test_static_longest(const void *arg)
{
	struct drm_qda_session_attach a =
		to(DRM_QDA_PD_STATIC, "a-name-of-thirty-one-characters");

	(void)arg;
	use_device("adsp", "");
	/* whether there is such a PD is for the DSP to say */
	check_eq(call(dev_open(), ATTACH, &a), 0);
	record("longest OK");
}

static void test_sensors(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_SENSORS, "");

	(void)arg;
	use_device("sdsp", "");
	expect(dev_open(), ATTACH, &a, 0);
	check_eq(a.status, 0);
}

static void test_no_static(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_STATIC, "audiopd");
	int fd = dev_open();

	(void)arg;
	expect(fd, ATTACH, &a, -EOPNOTSUPP);
	a = to(DRM_QDA_PD_SENSORS, "");
	expect(fd, ATTACH, &a, -EOPNOTSUPP);
	a = to(DRM_QDA_PD_ROOT, "");
	expect(fd, ATTACH, &a, 0);
}

static void test_already(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_ROOT, "");
	struct drm_qda_remote_session_create c = { .status = (int32_t)FILL32 };
	int fd = dev_open();

	(void)arg;
	expect(fd, ATTACH, &a, 0);
	a.status = (int32_t)FILL32;
	expect(fd, ATTACH, &a, -EALREADY);
	expect(fd, DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, &c, -EALREADY);
}

static void test_busy(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_ROOT, "");

	(void)arg;
	take_banks_but(0);
	expect(dev_open(), ATTACH, &a, -EBUSY);
}

static void test_unprivileged(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_ROOT, "");

	(void)arg;
	expect(dev_open_unprivileged(), ATTACH, &a, -EPERM);
}

static void test_status(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_ROOT, "");
	int fd = dev_open();

	(void)arg;
	steer(NULL, 0, "fail op=attach status=0x80000415");
	expect(fd, ATTACH, &a, 0);
	check_eq(a.status, (int32_t)0x80000415);
	check_eq(call(fd, DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE,
		      &(struct drm_qda_remote_session_release){ 0 }), -ENOTCONN);
	expect(fd, ATTACH, &a, 0);
	check_eq(a.status, 0);
}

static void test_bad(const void *arg)
{
	struct drm_qda_session_attach good = to(DRM_QDA_PD_ROOT, ""), a = good;
	int other = dev_open();

	expect(dev_open(), ATTACH, &a, 0);
	expect_bad(other, ATTACH, &good, arg);
	expect(other, ATTACH, &good, 0);
}

static void test_bad_static(const void *arg)
{
	struct drm_qda_session_attach good = to(DRM_QDA_PD_STATIC, "audiopd"), a = good;

	use_device("adsp", "");
	expect(dev_open(), ATTACH, &a, 0);
	expect_bad(dev_open(), ATTACH, &good, arg);
}

static void test_unterminated(const void *arg)
{
	struct drm_qda_session_attach a = to(DRM_QDA_PD_STATIC, "");

	(void)arg;
	use_device("adsp", "");
	memset(a.name, 'a', sizeof(a.name));
	expect(dev_open(), ATTACH, &a, -EINVAL);
}

static const struct bad_field bad[] = {
	BAD("pd", drm_qda_session_attach, pd, 3, -EINVAL),
	BAD("pd-huge", drm_qda_session_attach, pd, 0xffffffff, -EINVAL),
	BAD("flags", drm_qda_session_attach, flags, 1, -EINVAL),
	BAD("pad", drm_qda_session_attach, pad, 1, -EINVAL),
	BAD_BYTE("name", drm_qda_session_attach, name, 0, 'a', -EINVAL),
	BAD_BYTE("name-end", drm_qda_session_attach, name, 31, 'a', -EINVAL),
};

static const struct bad_field bad_static[] = {
	BAD_BYTE("name-missing", drm_qda_session_attach, name, 0, 0, -EINVAL),
	BAD_BYTE("name-tail", drm_qda_session_attach, name, 8, 'x', -EINVAL),
	BAD_BYTE("name-last", drm_qda_session_attach, name, 31, 'x', -EINVAL),
	BAD("flags", drm_qda_session_attach, flags, 0x80000000, -EINVAL),
};

int main(void)
{
	add_case("root", test_root, NULL);
	add_case("static", test_static, NULL);
	add_case("static-longest", test_static_longest, NULL);
	add_case("sensors", test_sensors, NULL);
	add_case("no-static", test_no_static, NULL);
	add_case("already", test_already, NULL);
	add_case("busy", test_busy, NULL);
	add_case("unprivileged", test_unprivileged, NULL);
	add_case("status", test_status, NULL);
	add_rows("bad", bad, test_bad);
	add_rows("bad-static", bad_static, test_bad_static);
	add_case("name-unterminated", test_unterminated, NULL);
	return run_cases("attach");
}
