/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np, pipe2, environ */
#include "analysis/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts gnuplot with its messages going to `messages`; 0 or an errno. */
static int start(const char *folder, const char *script, int messages, pid_t *pid)
{
	/* -d: whatever a user's own start-up files set, the plots are the same. */
	char *const argument[] = { "gnuplot", "-d", (char *)script, NULL };
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, folder);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, messages, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);

	int cause = posix_spawnp(pid, "gnuplot", &actions, NULL, argument, environ);

	posix_spawn_file_actions_destroy(&actions);
	return cause;
}

/* Reads to the end, keeps the beginning, on one line. */
static void read_messages(int fd, char *text, size_t size)
{
	char rest[256];
	size_t length = 0;
	ssize_t n;

	do {
		bool full = length == size - 1;

		n = full ? read(fd, rest, sizeof(rest)) : read(fd, text + length, size - 1 - length);
		if (n > 0 && !full)
			length += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[length] = '\0';

	char *out = text;

	for (const char *in = text; *in; in++) {
		char c = *in == '\n' || *in == '\t' ? ' ' : *in;

		if (c != ' ' || (out > text && out[-1] != ' '))
			*out++ = c;
	}
	*out = '\0';
}

bool gnuplot_run(const char *folder, const char *script, struct err *err)
{
	char messages[320];
	int pipe[2], status = 0;
	pid_t pid;

	if (pipe2(pipe, O_CLOEXEC) != 0)
		return err_set(err, ERR_FILE, "gnuplot: %s", strerror(errno));
	int cause = start(folder, script, pipe[1], &pid);

	close(pipe[1]);
	if (cause == 0) {
		read_messages(pipe[0], messages, sizeof(messages));
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(pipe[0]);
	if (cause == ENOENT || (cause == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127))
		return err_set(err, ERR_FILE,
			       "gnuplot is not installed, or not in PATH; a report needs it for its plots");
	if (cause != 0)
		return err_set(err, ERR_FILE, "gnuplot: %s", strerror(cause));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, ERR_FILE, "gnuplot failed on %s/%s: %s", folder, script, messages);
	return true;
}
