/* SPDX-License-Identifier: Apache-2.0 */
/* Our link against SimGrid's own with TCP's factors taken out: message after message, two senders. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>

#include "sim/actor.h"
#include "sim/clock.h"

enum { MESSAGES = 20 };
static const unsigned sizes[] = { 64, 24, 280, 4096, 1 };

/* ---- ours ---- */

struct sender {
	struct link *link;
	ps_t arrival[MESSAGES];
};

static void send_story(struct actor *actor, void *argument)
{
	struct sender *sender = argument;

	for (unsigned i = 0; i < MESSAGES; i++) {
		link_send(sender->link, actor, sizes[i % 5], CAUSE_PCIE);
		sender->arrival[i] = actor->now;
	}
}

START_TEST(a_message_over_an_idle_link_takes_its_bytes_and_the_latency)
{
	struct link link = { .bytes_per_s = UINT64_C(15750000000), .latency = 450 * PS_PER_NS };
	struct sender sender = { .link = &link };
	struct engine engine;
	struct err err = { 0 };

	ck_assert(clock_start(1, &err));
	engine_init(&engine, false);
	engine_actor(&engine, "sender", send_story, &sender, false);
	clock_run();
	/* 64 bytes at 15.75 B/ns: 4.0634920... ns, rounded up to the picosecond. */
	ck_assert_uint_eq(sender.arrival[0], 450000 + 4064);
	engine_fini(&engine);
}
END_TEST

START_TEST(two_senders_share_the_link_one_message_after_another)
{
	struct link link = { .bytes_per_s = UINT64_C(1000000000), .latency = 0 };
	struct sender sender[2] = { { .link = &link }, { .link = &link } };
	struct engine engine;
	struct err err = { 0 };

	ck_assert(clock_start(1, &err));
	engine_init(&engine, false);
	engine_actor(&engine, "a", send_story, &sender[0], false);
	engine_actor(&engine, "b", send_story, &sender[1], false);
	clock_run();
	/* 1 byte a nanosecond: a's 64 bytes, then b's 64, then a's 24 ... */
	ck_assert_uint_eq(sender[0].arrival[0], 64000);
	ck_assert_uint_eq(sender[1].arrival[0], 128000);
	ck_assert_uint_eq(sender[0].arrival[1], 152000);
	ck_assert_uint_eq(sender[1].arrival[1], 176000);
	engine_fini(&engine);
}
END_TEST

/* ---- SimGrid's ---- */

static double simgrid_arrival[MESSAGES];

static void simgrid_sender(int count, char **arguments)
{
	(void)count;
	(void)arguments;
	for (unsigned i = 0; i < MESSAGES; i++)
		sg_mailbox_put(sg_mailbox_by_name("box"), &simgrid_arrival[i], sizes[i % 5]);
}

static void simgrid_receiver(int count, char **arguments)
{
	(void)count;
	(void)arguments;
	for (unsigned i = 0; i < MESSAGES; i++)
		*(double *)sg_mailbox_get(sg_mailbox_by_name("box")) = simgrid_get_clock();
}

static void run_simgrid(void)
{
	char *arguments[] = { (char[]){ "test" },
			      (char[]){ "--log=root.thres:critical" },
			      (char[]){ "--cfg=network/model:CM02" },
			      (char[]){ "--cfg=network/crosstraffic:0" },
			      (char[]){ "--cfg=network/TCP-gamma:0" },
			      NULL };
	int count = 5;
	char path[] = "/tmp/iommusim-test-XXXXXX.xml";
	int fd = mkstemps(path, 4);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(
		dprintf(fd, "<?xml version='1.0'?><!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
			    "<platform version=\"4.1\"><zone id=\"z\" routing=\"Full\"><host id=\"a\" speed=\"1f\"/>"
			    "<host id=\"b\" speed=\"1f\"/><link id=\"l\" bandwidth=\"15.75Bps\" latency=\"450s\"/>"
			    "<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/></route></zone></platform>\n"),
		0);
	close(fd);
	simgrid_init(&count, arguments);
	simgrid_load_platform(path);
	unlink(path);
	sg_actor_start_(sg_actor_init("sender", sg_host_by_name("a")), simgrid_sender, 0, NULL);
	sg_actor_start_(sg_actor_init("receiver", sg_host_by_name("b")), simgrid_receiver, 0, NULL);
	simgrid_run();
}

START_TEST(a_stream_of_messages_arrives_when_simgrid_says_it_does)
{
	struct link link = { .bytes_per_s = UINT64_C(15750000000), .latency = 450 * PS_PER_NS };
	struct sender sender = { .link = &link };
	struct engine engine;
	struct err err = { 0 };
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();

	if (child == 0) { /* one engine per process */
		run_simgrid();
		_exit(write(ends[1], simgrid_arrival, sizeof(simgrid_arrival)) != sizeof(simgrid_arrival));
	}
	ck_assert_int_eq(read(ends[0], simgrid_arrival, sizeof(simgrid_arrival)), sizeof(simgrid_arrival));
	waitpid(child, NULL, 0);
	ck_assert(clock_start(1, &err));
	engine_init(&engine, false);
	engine_actor(&engine, "sender", send_story, &sender, false);
	clock_run();
	for (unsigned i = 0; i < MESSAGES; i++) /* we round each message up to the picosecond */
		ck_assert_double_eq_tol((double)sender.arrival[i], simgrid_arrival[i] * 1000.0, i + 1.0);
	engine_fini(&engine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/link");
	TCase *cases = tcase_create("link");

	tcase_add_test(cases, a_message_over_an_idle_link_takes_its_bytes_and_the_latency);
	tcase_add_test(cases, two_senders_share_the_link_one_message_after_another);
	tcase_add_test(cases, a_stream_of_messages_arrives_when_simgrid_says_it_does);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
