// SPDX-License-Identifier: MIT
/* Giving a session's descriptor away: whose the PD is then. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-kapi.h"

static struct fake_session s;

static int setup(void **state)
{
	(void)state;
	fake_reset();
	fake_session_open(&s);
	/* the fake's name says so */
	s.device->info.soft = false;
	return 0;
}

static bool same_file(int a, int b)
{
	struct stat one, two;

	return !fstat(a, &one) && !fstat(b, &two) && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

static void exported(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	int fd, again;

	(void)state;
	fd = qda_session_export_fd(s.session, &f);
	assert_true(fd >= 3);
	assert_string_equal(f.message, "");
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_not_equal(fd, kapi_fd(s.session->file));
	assert_true(same_file(fd, kapi_fd(s.session->file)));
	again = qda_session_export_fd(s.session, NULL);
	assert_true(again >= 3 && again != fd);
	close(again);
	/* the session goes, the PD does not */
	fake_session_close(&s);
	assert_int_equal(fake.closes, fake.opens);
	assert_int_equal(fake.releases, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void released_all_the_same(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	int fd = qda_session_export_fd(s.session, &f);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(qda_session_release(s.session), 0);
	assert_int_equal(fake.releases, 1);
	assert_int_equal(qda_session_export_fd(s.session, &f), -ECANCELED);
	assert_non_null(strstr(f.message, "cdsp: exporting a session"));
	fake_session_close(&s);
	assert_int_equal(fake.releases, 1);
	close(fd);
}

static void no_descriptor_left(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	struct rlimit old, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(qda_session_export_fd(s.session, &f) < 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_non_null(strstr(f.message, "cdsp: a descriptor of the session"));
	/* it is this one's still */
	fake_session_close(&s);
	assert_int_equal(fake.releases, 1);
}

static void refused(void **state)
{
	struct qda_failure f = QDA_FAILURE_INIT;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(qda_session_export_fd(NULL, &f), -EINVAL);
	assert_non_null(strstr(f.message, "no session"));
	s.device->info.soft = true;
	assert_int_equal(qda_session_export_fd(s.session, &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.message, "soft sessions cannot be passed on"));
	assert_int_equal(qda_session_export_fd(s.session, NULL), -EOPNOTSUPP);
	s.device->info.soft = false;
	s.session->listener = (struct listener *)&s;
	assert_int_equal(qda_session_export_fd(s.session, &f), -EBUSY);
	assert_non_null(strstr(f.message, "QDA_LISTENER_OFF"));
	s.session->listener = NULL;
	pid = fork();
	if (!pid)
		_exit(qda_session_export_fd(s.session, NULL) != -EOWNERDEAD);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fake_session_close(&s);
	assert_int_equal(fake.releases, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exported, setup),
		cmocka_unit_test_setup(released_all_the_same, setup),
		cmocka_unit_test_setup(no_descriptor_left, setup),
		cmocka_unit_test_setup(refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
