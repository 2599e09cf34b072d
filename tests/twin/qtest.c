/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/twin/qtest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/base/require.h"

#define BIOS_BYTES      0x10000u
#define ARGUMENTS_MAX   64u
#define ANSWER_SECONDS  60
#define PCI_ADDRESS     0xcf8u
#define PCI_DATA        0xcfcu
#define EDU_SOURCE      0x80u
#define EDU_DESTINATION 0x88u
#define EDU_COUNT       0x90u
#define EDU_COMMAND     0x98u
#define EDU_BUFFER      0x40000u

/* What an answer carries, in the order of the commands. */
struct answer {
	uint64_t *value;
	unsigned char *bytes;
	size_t count;
};

struct text {
	char *bytes;
	size_t count, room;
};

struct qtest {
	pid_t process;
	int to, from;
	char bios[64];
	struct text commands, line;
	struct answer *answers;
	size_t answer_count, answer_room, answered;
};

/* ---- the process ---- */

/* hlt; at the reset vector: disable interrupts, hlt, again. */
static const unsigned char pc_code[] = { 0xf4 }, pc_reset[] = { 0xfa, 0xf4, 0xeb, 0xfd };
static const char *const pc_arguments[] = { "-M",      "q35,kernel-irqchip=off", "-m",          "256",
					    "-icount", "shift=0,sleep=off",      "-nodefaults", NULL };
const struct qtest_machine qtest_pc = { pc_arguments, pc_code, sizeof(pc_code), pc_reset, sizeof(pc_reset) };

/* A branch to itself, which lets a microsecond pass: there is no simpler way to idle. */
static const unsigned char power_code[] = { 0x48, 0x00, 0x00, 0x00 };
static const char *const powernv9_arguments[] = {
	"-M", "powernv9", "-m", "1G", "-icount", "shift=10,sleep=off", "-serial", "none", "-monitor", "none", NULL
};
const struct qtest_machine qtest_powernv9 = { powernv9_arguments, power_code, sizeof(power_code), NULL, 0 };

static bool write_bios(struct qtest *qtest, const struct qtest_machine *machine, struct err *err)
{
	unsigned char image[BIOS_BYTES];
	int file;
	bool is_written;

	snprintf(qtest->bios, sizeof(qtest->bios), "/tmp/iommusim-twin-XXXXXX");
	file = mkstemp(qtest->bios);
	if (file < 0) {
		qtest->bios[0] = '\0';
		return err_set(err, ERR_FILE, "/tmp: %s", strerror(errno));
	}
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = machine->code[i % machine->code_bytes];
	if (machine->reset_bytes)
		memcpy(image + 0xfff0, machine->reset, machine->reset_bytes);
	is_written = write(file, image, sizeof(image)) == (ssize_t)sizeof(image);
	close(file);
	return is_written || err_set(err, ERR_FILE, "%s: cannot be written", qtest->bios);
}

static void run(const char *program, const char *bios, const struct qtest_machine *machine,
		const char *const *arguments, bool verbose)
{
	const char *argv[ARGUMENTS_MAX] = { program,      "-bios", bios,       "-qtest", "stdio",
					    "-qtest-log", "none",  "-display", "none" };
	size_t count = 9;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (const char *const *more = machine->arguments; *more; more++)
		argv[count++] = *more;
	for (; *arguments && count + 1 < ARGUMENTS_MAX; arguments++)
		argv[count++] = *arguments;
	if (!verbose) {
		int nowhere = open("/dev/null", O_WRONLY);

		if (nowhere >= 0)
			dup2(nowhere, STDERR_FILENO);
	}
	execvp(program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

static bool start(struct qtest *qtest, const char *program, const struct qtest_machine *machine,
		  const char *const *arguments, bool verbose, struct err *err)
{
	int to[2], from[2];

	if (pipe(to) != 0 || pipe(from) != 0)
		return err_set(err, ERR_FILE, "pipe: %s", strerror(errno));
	qtest->process = fork();
	if (qtest->process < 0)
		return err_set(err, ERR_FILE, "fork: %s", strerror(errno));
	if (qtest->process == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		for (int i = 0; i < 2; i++) {
			close(to[i]);
			close(from[i]);
		}
		run(program, qtest->bios, machine, arguments, verbose);
	}
	close(to[0]);
	close(from[1]);
	qtest->to = to[1];
	qtest->from = from[0];
	fcntl(qtest->to, F_SETFL, O_NONBLOCK);
	fcntl(qtest->to, F_SETFD, FD_CLOEXEC);
	fcntl(qtest->from, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	return true;
}

struct qtest *qtest_create(const char *program, const struct qtest_machine *machine, const char *const *arguments,
			   bool verbose, struct err *err)
{
	struct qtest *qtest = calloc(1, sizeof(*qtest));
	uint64_t word;

	REQUIRE(qtest);
	qtest->to = -1;
	qtest->from = -1;
	if (write_bios(qtest, machine, err) && start(qtest, program, machine, arguments, verbose, err)) {
		qtest_read64(qtest, 0, &word);
		if (qtest_sync(qtest, err))
			return qtest;
	}
	qtest_destroy(qtest);
	return NULL;
}

void qtest_destroy(struct qtest *qtest)
{
	if (!qtest)
		return;
	if (qtest->to >= 0)
		close(qtest->to);
	if (qtest->from >= 0)
		close(qtest->from);
	if (qtest->process > 0) {
		kill(qtest->process, SIGKILL);
		waitpid(qtest->process, NULL, 0);
	}
	if (qtest->bios[0])
		unlink(qtest->bios);
	free(qtest->commands.bytes);
	free(qtest->line.bytes);
	free(qtest->answers);
	free(qtest);
}

/* ---- commands and answers ---- */

static void make_room(struct text *text, size_t count)
{
	if (text->count + count <= text->room)
		return;
	text->room = 2 * (text->count + count);
	text->bytes = realloc(text->bytes, text->room);
	REQUIRE(text->bytes);
}

static void expect(struct qtest *qtest, struct answer answer)
{
	if (qtest->answer_count == qtest->answer_room) {
		qtest->answer_room = qtest->answer_room ? 2 * qtest->answer_room : 64;
		qtest->answers = realloc(qtest->answers, qtest->answer_room * sizeof(qtest->answers[0]));
		REQUIRE(qtest->answers);
	}
	qtest->answers[qtest->answer_count++] = answer;
}

static __attribute__((format(printf, 3, 4))) void command(struct qtest *qtest, struct answer answer, const char *format,
							  ...)
{
	va_list list;
	int count;

	make_room(&qtest->commands, 128);
	va_start(list, format);
	count = vsnprintf(qtest->commands.bytes + qtest->commands.count, 128, format, list);
	va_end(list);
	REQUIRE(count > 0 && count < 128);
	qtest->commands.count += (size_t)count;
	expect(qtest, answer);
}

static int digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* One line of QEMU, without its end. */
static bool answered(struct qtest *qtest, char *line, struct err *err)
{
	struct answer *answer;
	const char *hex;

	if (qtest->answered == qtest->answer_count)
		return err_set(err, ERR_FILE, "QEMU says '%.80s', which nothing asked for", line);
	answer = &qtest->answers[qtest->answered++];
	if (strncmp(line, "OK", 2) != 0)
		return err_set(err, ERR_FILE, "QEMU says '%.80s'", line);
	if (answer->value) {
		*answer->value = strtoull(line + 2, NULL, 0);
	} else if (answer->bytes) {
		hex = strstr(line, "0x");
		if (!hex || strlen(hex + 2) != 2 * answer->count)
			return err_set(err, ERR_FILE, "QEMU's answer has another length than asked for");
		for (size_t i = 0; i < answer->count; i++)
			answer->bytes[i] = (unsigned char)(digit(hex[2 + 2 * i]) << 4 | digit(hex[3 + 2 * i]));
	}
	return true;
}

/* Takes what QEMU wrote; lines may come in pieces. */
static bool receive(struct qtest *qtest, struct err *err)
{
	ssize_t count;
	char *begin, *end;
	bool is_good = true;

	make_room(&qtest->line, 65536);
	count = read(qtest->from, qtest->line.bytes + qtest->line.count, 65535);
	if (count <= 0)
		return err_set(err, ERR_FILE, "QEMU has ended");
	qtest->line.count += (size_t)count;
	qtest->line.bytes[qtest->line.count] = '\0';
	begin = qtest->line.bytes;
	while (is_good && (end = strchr(begin, '\n'))) {
		*end = '\0';
		if (begin[0] != '\0' && strncmp(begin, "IRQ", 3) != 0)
			is_good = answered(qtest, begin, err);
		begin = end + 1;
	}
	qtest->line.count -= (size_t)(begin - qtest->line.bytes);
	memmove(qtest->line.bytes, begin, qtest->line.count);
	return is_good;
}

bool qtest_sync(struct qtest *qtest, struct err *err)
{
	size_t sent = 0;
	bool is_good = true;

	qtest->answered = 0;
	while (is_good && qtest->answered < qtest->answer_count) {
		bool sends = sent < qtest->commands.count;
		struct pollfd fds[2] = { { .fd = qtest->from, .events = POLLIN },
					 { .fd = qtest->to, .events = POLLOUT } };
		int ready = poll(fds, sends ? 2 : 1, ANSWER_SECONDS * 1000);

		if (ready == 0)
			is_good = err_set(err, ERR_FILE, "QEMU has not answered for %d s", ANSWER_SECONDS);
		else if (ready > 0 && fds[0].revents)
			is_good = receive(qtest, err);
		if (is_good && ready > 0 && sends && (fds[1].revents & POLLOUT)) {
			ssize_t count = write(qtest->to, qtest->commands.bytes + sent, qtest->commands.count - sent);

			sent += count > 0 ? (size_t)count : 0;
		}
	}
	qtest->commands.count = 0;
	qtest->answer_count = 0;
	return is_good;
}

/* ---- the commands ---- */

#define NO_ANSWER ((struct answer){ .value = NULL })

void qtest_write32(struct qtest *qtest, uint64_t address, uint32_t value)
{
	command(qtest, NO_ANSWER, "writel 0x%" PRIx64 " 0x%" PRIx32 "\n", address, value);
}

void qtest_write64(struct qtest *qtest, uint64_t address, uint64_t value)
{
	command(qtest, NO_ANSWER, "writeq 0x%" PRIx64 " 0x%" PRIx64 "\n", address, value);
}

void qtest_write(struct qtest *qtest, uint64_t address, const void *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;
	struct text *text = &qtest->commands;

	command(qtest, NO_ANSWER, "write 0x%" PRIx64 " 0x%zx 0x", address, count);
	make_room(text, 2 * count + 1);
	for (size_t i = 0; i < count; i++) {
		text->bytes[text->count++] = digits[byte[i] >> 4];
		text->bytes[text->count++] = digits[byte[i] & 15];
	}
	text->bytes[text->count++] = '\n';
}

void qtest_fill(struct qtest *qtest, uint64_t address, size_t count, uint8_t byte)
{
	command(qtest, NO_ANSWER, "memset 0x%" PRIx64 " 0x%zx 0x%x\n", address, count, byte);
}

void qtest_out32(struct qtest *qtest, unsigned port, uint32_t value)
{
	command(qtest, NO_ANSWER, "outl 0x%x 0x%" PRIx32 "\n", port, value);
}

void qtest_read32(struct qtest *qtest, uint64_t address, uint64_t *value)
{
	command(qtest, (struct answer){ .value = value }, "readl 0x%" PRIx64 "\n", address);
}

void qtest_read64(struct qtest *qtest, uint64_t address, uint64_t *value)
{
	command(qtest, (struct answer){ .value = value }, "readq 0x%" PRIx64 "\n", address);
}

void qtest_read(struct qtest *qtest, uint64_t address, void *bytes, size_t count)
{
	command(qtest, (struct answer){ .bytes = bytes, .count = count }, "read 0x%" PRIx64 " 0x%zx\n", address, count);
}

void qtest_in32(struct qtest *qtest, unsigned port, uint64_t *value)
{
	command(qtest, (struct answer){ .value = value }, "inl 0x%x\n", port);
}

void qtest_pci_write(struct qtest *qtest, unsigned devfn, unsigned offset, uint32_t value)
{
	qtest_out32(qtest, PCI_ADDRESS, 0x80000000u | devfn << 8 | offset);
	qtest_out32(qtest, PCI_DATA, value);
}

/* ---- edu ---- */

void edu_enable(struct qtest *qtest, const struct edu *edu)
{
	qtest_pci_write(qtest, edu->devfn, 0x10, (uint32_t)edu->bar); /* BAR 0 */
	qtest_pci_write(qtest, edu->devfn, 0x04, 0x6);                /* memory space, bus master */
}

void edu_start(struct qtest *qtest, const struct edu *edu, bool write, uint64_t address, unsigned offset,
	       unsigned count)
{
	REQUIRE(offset + count <= EDU_BUFFER_BYTES);
	qtest_write64(qtest, edu->bar + EDU_SOURCE, write ? EDU_BUFFER + offset : address);
	qtest_write64(qtest, edu->bar + EDU_DESTINATION, write ? address : EDU_BUFFER + offset);
	qtest_write64(qtest, edu->bar + EDU_COUNT, count);
	qtest_write64(qtest, edu->bar + EDU_COMMAND, write ? 3 : 1);
}

void edu_poll(struct qtest *qtest, const struct edu *edu, uint64_t *busy)
{
	qtest_read64(qtest, edu->bar + EDU_COMMAND, busy);
}
