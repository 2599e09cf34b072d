/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs share that ask a running kernel at random and print its answers as a recording (record/README.md). */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_RECORD_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_RECORD_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE 0x200000000UL

static const char *case_name;
static uint64_t random_state;

/* splitmix64: below(n) is in [0, n). */
static inline uint64_t below(uint64_t n)
{
	uint64_t word = random_state += 0x9e3779b97f4a7c15u;

	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
	word = (word ^ word >> 27) * 0x94d049bb133111ebu;
	return (word ^ word >> 31) % n;
}

static inline void print_call(const char *op, long ret, int error, const char *out, const char *format, ...)
{
	long locked = -1, pinned = -1;
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");
	va_list arguments;

	while (status && fgets(line, sizeof(line), status)) {
		sscanf(line, "VmLck: %ld", &locked);
		sscanf(line, "VmPin: %ld", &pinned);
	}
	if (status)
		fclose(status);
	const char *name = error == 524 ? "ENOTSUPP" : strerrorname_np(error);

	printf("R %s op=%s args={", case_name, op);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("} -> ret=%ld errno=%s out={%s} VmLck=%ldkB VmPin=%ldkB\n", ret, ret < 0 ? name : "0", out, locked,
	       pinned);
	fflush(stdout);
}

static inline void memory(uint64_t at, uint64_t size, int protection, int touch)
{
	char *bytes = mmap((void *)at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (bytes == MAP_FAILED) {
		printf("N %s mmap %#lx failed\n", case_name, at);
		_exit(1);
	}
	if (touch)
		memset(bytes, 0x5a, size);
}

/* RLIMIT_MEMLOCK, and no CAP_IPC_LOCK that would ignore it. */
static inline void limit_memory(uint64_t bytes)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	struct rlimit limit = { bytes, bytes };

	syscall(SYS_capget, &header, data);
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	data[0].permitted &= ~(1u << CAP_IPC_LOCK);
	data[0].inheritable &= ~(1u << CAP_IPC_LOCK);
	syscall(SYS_capset, &header, data);
	setrlimit(RLIMIT_MEMLOCK, &limit);
	printf("N %s RLIMIT_MEMLOCK=%lu bytes, CAP_IPC_LOCK dropped\n", case_name, (unsigned long)bytes);
}

/* A case: a process of its own, with a seed of its own.  The odd ones are those with limits. */
static inline void run_case(const char *family, unsigned number, void (*story)(unsigned number))
{
	char name[64];
	int status;

	snprintf(name, sizeof(name), "%s/%s%u", family, number % 2 ? "limited" : "random", number);
	fflush(stdout);
	if (fork() == 0) {
		case_name = name;
		random_state = 1000003u * number + 17;
		printf("C %s\n", name);
		story(number);
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	if (status)
		printf("X %s child status %#x\n", name, status);
}

#endif
