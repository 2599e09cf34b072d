/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU that serves as a twin: a machine whose processor has halted, driven over the qtest protocol, with
 * `edu` devices that carry out DMA when told to.  Nothing of an IOMMU family is here.
 *
 * Commands are gathered and sent together by qtest_sync, which returns when all were answered, because the way there
 * and back is what costs time.
 *
 * Source: QEMU's manual, "QTest Device Emulation Testing Framework" and "EDU device".
 */
#ifndef TESTS_TWIN_QTEST_H
#define TESTS_TWIN_QTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/err.h"

struct qtest;

/* A machine whose processor does nothing. */
struct qtest_machine {
	const char *const *arguments; /* ended by NULL */
	const unsigned char *code;    /* fills the firmware image, again and again, but for the last bytes */
	size_t code_bytes;
	const unsigned char *reset; /* these, at offset 0xfff0 of its 64 KiB */
	size_t reset_bytes;
};

extern const struct qtest_machine qtest_pc, qtest_powernv9;

/*
 * Starts program (a path, or a name looked up in PATH) with a machine and arguments, an array that ends in
 * NULL, appended.  NULL and *err when it does not start or does not answer, which is also how a QEMU that lacks a
 * device or an option shows itself.  verbose: its messages go to stderr, else nowhere.
 */
struct qtest *qtest_create(const char *program, const struct qtest_machine *machine, const char *const *arguments,
			   bool verbose, struct err *err);
void qtest_destroy(struct qtest *qtest);

/* False once QEMU has ended or answered something else than OK; *err says what. */
bool qtest_sync(struct qtest *qtest, struct err *err);

/* ---- gathered until qtest_sync ---- */

void qtest_write32(struct qtest *qtest, uint64_t address, uint32_t value);
void qtest_write64(struct qtest *qtest, uint64_t address, uint64_t value);
void qtest_write(struct qtest *qtest, uint64_t address, const void *bytes, size_t count);
void qtest_fill(struct qtest *qtest, uint64_t address, size_t count, uint8_t byte);
void qtest_out32(struct qtest *qtest, unsigned port, uint32_t value);

/* What is read is there after qtest_sync; the destination must live until then. */
void qtest_read32(struct qtest *qtest, uint64_t address, uint64_t *value);
void qtest_read64(struct qtest *qtest, uint64_t address, uint64_t *value);
void qtest_read(struct qtest *qtest, uint64_t address, void *bytes, size_t count);
void qtest_in32(struct qtest *qtest, unsigned port, uint64_t *value);

/* ---- PCI, bus 0 ---- */

/* offset a multiple of 4. */
void qtest_pci_write(struct qtest *qtest, unsigned devfn, unsigned offset, uint32_t value);

/* ---- edu ---- */

/* Bytes that a device's buffer holds, less one: a transfer must end before the buffer does. */
#define EDU_BUFFER_BYTES 4095u

struct edu {
	unsigned devfn;
	uint64_t bar; /* chosen by the caller, a multiple of 1 MiB */
};

/* Gives the device its BAR and lets it master the bus. */
void edu_enable(struct qtest *qtest, const struct edu *edu);

/* Starts a transfer between the buffer, from offset on, and address; it is gathered. */
void edu_start(struct qtest *qtest, const struct edu *edu, bool write, uint64_t address, unsigned offset,
	       unsigned count);

/* Whether a transfer is under way: bit 0 of *busy after qtest_sync. */
void edu_poll(struct qtest *qtest, const struct edu *edu, uint64_t *busy);

#endif
