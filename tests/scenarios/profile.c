/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/origin.h"
#include "tests/scenarios/folder.h"
#include "tests/scenarios/sources.h"

struct loaded {
	struct config config;
	struct origin *origin;
	struct profile profile;
};

static void load(const char *path, struct loaded *loaded)
{
	struct err err = { 0 };

	config_default(&loaded->config);
	loaded->origin = origin_create();
	ck_assert_msg(profile_load(path, &loaded->profile, &loaded->config, loaded->origin, &err), "%s", err.text);
}

static void unload(struct loaded *loaded)
{
	profile_fini(&loaded->profile);
	origin_destroy(loaded->origin);
}

static void load_shipped(const char *name, struct loaded *loaded)
{
	char path[PROFILE_PATH];

	snprintf(path, sizeof(path), "%s/%s.yaml", profile_folder_shipped(), name);
	load(path, loaded);
}

/* ---- the shipped profiles ---- */

START_TEST(every_price_has_a_number_and_a_source_that_resolves)
{
	char **names = profile_names_shipped();
	char *list = folder_read(SCENARIOS "/../docs/sources.md");

	ck_assert_str_eq(names[0], "power9");
	ck_assert_str_eq(names[1], "server-x86");
	for (char **name = names; *name; name++) {
		struct loaded loaded;

		load_shipped(*name, &loaded);
		ck_assert_str_eq(loaded.profile.name, *name);
		for (size_t i = 0; i < parameter_count; i++) {
			const char *source = loaded.origin[i].source;

			if (strncmp(parameters[i].name, "timing.", 7) != 0) {
				ck_assert_ptr_null(loaded.origin[i].where);
				continue;
			}
			ck_assert_msg(parameter_value(&parameters[i], &loaded.config) > 0, "%s: %s costs nothing",
				      *name, parameters[i].name);
			ck_assert_msg(source != NULL, "%s: %s", *name, parameters[i].name);
			ck_assert_msg(sources_resolve(source, list) > 0 || strstr(source, "ASSUMED"),
				      "%s: %s: no source: %s", *name, parameters[i].name, source);
			/* [RI] was quoted from memory; the messages of [CF] and [KX] have not been found. */
			if (strstr(source, "[RI]") || strstr(source, "[CF]") || strstr(source, "[KX]"))
				ck_assert_msg(strstr(source, "ASSUMED") != NULL, "%s: %s", *name, parameters[i].name);
		}
		unload(&loaded);
	}
	free(names);
	free(list);
}
END_TEST

/* Each from the source's own numbers, rounded as the profile rounds: to 0.1 ns. */
START_TEST(prices_of_the_server_are_those_of_its_sources)
{
	struct loaded loaded;

	load_shipped("server-x86", &loaded);

	const struct timing *timing = &loaded.config.timing;

	ck_assert_uint_eq(timing->iommu.memory_read, 197 * PS_PER_NS); /* [FS] lm */
	ck_assert_uint_eq(timing->host.pin_page, 152 * PS_PER_NS);     /* [DJ] */
	ck_assert_uint_eq(timing->host.unpin_page, 32200);             /* [LZ] 0.135 s / 4194304 = 32.19 ns */
	ck_assert_uint_eq(timing->guest.entry_write, 1300);            /* [GP] (391 - 55) / 255 = 1.32 ns */
	ck_assert_uint_eq(2 * (timing->guest.table_call + timing->guest.entry_write),
			  124 * PS_PER_NS);                                /* [GP] 55 + 69 */
	ck_assert_uint_eq(timing->guest.entry_flush, 190 * PS_PER_NS);     /* [CF] 250 - 60 */
	ck_assert_uint_eq(timing->guest.iova_find, 80300);                 /* [RI] 249 / 3.1 = 80.32 ns */
	ck_assert_uint_eq(timing->guest.iova_free, 51300);                 /* [RI] 159 / 3.1 = 51.29 ns */
	ck_assert_uint_eq(timing->guest.map_other, 14200);                 /* [RI] 44 / 3.1 = 14.19 ns */
	ck_assert_uint_eq(timing->guest.unmap_other, 8400);                /* [RI] 26 / 3.1 = 8.39 ns */
	ck_assert_uint_eq(timing->host.exit + timing->host.enter, 645200); /* [KX] 2000 / 3.1 = 645.16 ns */
	ck_assert_uint_ge(timing->host.start_pin_page, 800 * PS_PER_NS);   /* [DJ] 800-890 */
	ck_assert_uint_le(timing->host.start_pin_page, 890 * PS_PER_NS);
	unload(&loaded);
}
END_TEST

static void check_near(const char *what, ps_t sum, ps_t measured, unsigned percent)
{
	ps_t apart = sum > measured ? sum - measured : measured - sum;

	ck_assert_msg(apart * 100 <= measured * percent, "%s: the prices make %" PRIu64 " ps, measured %" PRIu64 " ps",
		      what, sum, measured);
}

/* Two descriptors, the invalidation and the wait, fetched, executed and answered; then the poller sees it. */
static ps_t hardware_invalidation(const struct timing *timing)
{
	return 2 * timing->iommu.descriptor_fetch + timing->iommu.invalidate + timing->iommu.status_write +
	       timing->guest.status_poll;
}

START_TEST(prices_of_the_server_add_up_to_measured_operations)
{
	struct loaded loaded;

	load_shipped("server-x86", &loaded);

	const struct timing *timing = &loaded.config.timing;
	const struct config *config = &loaded.config;
	ps_t bare = timing->guest.queue_submit + timing->guest.doorbell + hardware_invalidation(timing);
	ps_t trapped = timing->guest.queue_submit + timing->host.exit + timing->host.user_exit +
		       2 * timing->host.descriptor + timing->host.ioctl + timing->host.invalidate_forward +
		       timing->host.queue_submit + hardware_invalidation(timing) + timing->host.enter +
		       timing->guest.status_poll;
	uint64_t wire_bytes = config->device.tlp_overhead_bytes * 2 + 64; /* a request, and a completion with data */
	ps_t read = 2 * timing->pcie.link_latency + wire_bytes * PS_PER_S / config->device.link_bytes_per_s +
		    timing->iommu.iotlb_lookup + timing->iommu.data_read;
	ps_t miss = timing->iommu.device_lookup + timing->iommu.walk_cache_lookup + timing->iommu.memory_read;

	check_near("[RI] invalidation, 2127 cycles at 3.1 GHz", bare, 686 * PS_PER_NS, 1);
	check_near("[XL] invalidation through the device model", trapped, 8770 * PS_PER_NS, 1);
	check_near("[PB] 64-byte read, IOTLB hit", read, 432300, 1);
	/* One read per miss: serial Sandy Bridge 199 ns, Broadwell 280 ns. */
	ck_assert_uint_ge(miss, 199 * PS_PER_NS);
	ck_assert_uint_le(miss, 280 * PS_PER_NS);
	/* Walkers times the rate of each: [PB] one translation per 52 ns on Broadwell. */
	check_near("[PB] translations at saturation", miss / config->iommu.walkers, 52 * PS_PER_NS, 25);
	unload(&loaded);
}
END_TEST

/* A map and an unmap of one page with pre-registered memory, as docs/schemes.md has them, without what the host does. */
static ps_t power_guest(const struct timing *timing)
{
	return timing->guest.map_other + timing->guest.iova_alloc + timing->guest.iova_find +
	       timing->guest.unmap_other + timing->guest.iova_free + 2 * (timing->host.exit + timing->host.enter);
}

/* The bridge's entry, the user view's and the guest's, set and cleared; invalidated twice. */
static ps_t power_entries(const struct timing *timing)
{
	return 2 * (timing->host.table_call + 3 * timing->host.entry_write + timing->host.tce_kill);
}

START_TEST(prices_of_power9_add_up_to_measured_throughput)
{
	struct loaded loaded;

	load_shipped("power9", &loaded);

	const struct timing *timing = &loaded.config.timing;
	ps_t user = power_guest(timing) + power_entries(timing) + 2 * timing->host.registration_find +
		    2 * (timing->host.user_exit + timing->host.descriptor + timing->host.ioctl);
	ps_t kernel = power_guest(timing) + power_entries(timing) + 3 * timing->host.registration_find +
		      2 * timing->host.hypercall + timing->host.tce_check;

	check_near("[AK] 1,500 bytes at 220 MB/s", user, 1500 * PS_PER_S / 220000000, 1);
	check_near("[AK] 1,500 bytes at 750 MB/s", kernel, 1500 * PS_PER_S / 750000000, 1);
	unload(&loaded);
}
END_TEST

/* ---- errors ---- */

/* A complete profile p, one price per line from line 5; the price called name is text, or left out when NULL. */
static void write_profile(const char *name, const char *text)
{
	char whole[16384];
	int length = snprintf(whole, sizeof(whole), "name: p\ndescription: d\nhardware: h\ntiming:\n");

	for (size_t i = 0; i < parameter_count; i++) {
		const char *price = "{value: 5, unit: ns, source: s}";

		if (strncmp(parameters[i].name, "timing.", 7) != 0)
			continue;
		if (name && strcmp(parameters[i].name + 7, name) == 0)
			price = text;
		if (price)
			length += snprintf(whole + length, sizeof(whole) - (size_t)length, "  %s: %s\n",
					   parameters[i].name + 7, price);
	}
	folder_write("p.yaml", whole);
}

static void refuses(const char *path, const char *message)
{
	struct origin *origin = origin_create();
	struct profile profile;
	struct config config;
	struct err err = { 0 };

	config_default(&config);
	ck_assert_msg(!profile_load(path, &profile, &config, origin, &err), "loaded, but expected: %s", message);
	ck_assert_str_eq(err.text, message);
	ck_assert_ptr_null(profile.text);
	origin_destroy(origin);
}

START_TEST(prices_may_have_dotted_names)
{
	struct loaded loaded;

	write_profile("guest.iova_alloc", "{value: 1.5, unit: us, source: here}");
	load("p.yaml", &loaded);
	ck_assert_uint_eq(loaded.config.timing.guest.iova_alloc, 1500000);
	ck_assert_uint_eq(loaded.config.timing.pcie.link_latency, 5000);
	ck_assert_str_eq(loaded.origin[parameter_find("timing.guest.iova_alloc") - parameters].source, "here");
	ck_assert_str_eq(loaded.origin[parameter_find("timing.guest.iova_alloc") - parameters].where, "p.yaml:7:3");
	unload(&loaded);
}
END_TEST

START_TEST(a_price_needs_value_unit_and_source)
{
	write_profile("guest.iova_alloc", "{value: 1, unit: ns}");
	refuses("p.yaml", "p.yaml:7:21: timing.guest.iova_alloc lacks the key 'source'");
	write_profile("guest.iova_alloc", "{value: 1, source: s}");
	refuses("p.yaml", "p.yaml:7:21: timing.guest.iova_alloc lacks the key 'unit'");
	write_profile("guest.iova_alloc", "{value: 1, unit: ns, source: \"\"}");
	refuses("p.yaml", "p.yaml:7:50: source needs a value");
	write_profile("guest.iova_alloc", "51");
	refuses("p.yaml", "p.yaml:7:21: timing.guest.iova_alloc must be a mapping of keys to values");
	write_profile("guest.iova_alloc", "{value: 1, unit: ns, source: s, soruce: s}");
	refuses("p.yaml", "p.yaml:7:53: unknown key 'soruce': did you mean 'source'?");
	write_profile("guest.iova_alloc", "{value: 1, unit: cycles, source: s}");
	refuses("p.yaml", "p.yaml:7:22: timing.guest.iova_alloc = 1 cycles: must be a time from 0 ns to 1000000000 ns, "
			  "a whole number of ps (ps, ns, us, ms, s)");
}
END_TEST

START_TEST(a_profile_has_every_price_once_and_nothing_else)
{
	write_profile("guest.iova_free", NULL);
	refuses("p.yaml", "p.yaml:5:3: the profile lacks 'timing.guest.iova_free'");
	write_profile("guest.iova_alloc",
		      "{value: 1, unit: ns, source: s}\n  guest.iova_aloc: {value: 1, unit: ns, source: s}");
	refuses("p.yaml", "p.yaml:8:3: unknown key 'guest.iova_aloc': did you mean 'guest.iova_alloc'?");
	write_profile("guest.iova_alloc",
		      "{value: 1, unit: ns, source: s}\n  guest: {iova_alloc: {value: 1, unit: ns, source: s}}");
	refuses("p.yaml", "p.yaml:8:11: 'timing.guest.iova_alloc' is set twice: first on line 7");
}
END_TEST

START_TEST(a_profile_has_the_name_of_its_file)
{
	write_profile(NULL, NULL);

	char *text = folder_read("p.yaml");

	folder_write("copies/other.yaml", text);
	folder_write("q.yaml", "name: q\ndescription: d\nhardware: h\n");
	folder_write("r.yaml", "name: r\ndescription: d\nhardwear: h\n");
	free(text);
	refuses("copies/other.yaml", "copies/other.yaml:1:1: name = p: must be the file's name, 'other'");
	refuses("q.yaml", "q.yaml:1:1: a profile lacks the key 'timing'");
	refuses("r.yaml", "r.yaml:3:1: unknown key 'hardwear': did you mean 'hardware'?");
	refuses("none.yaml", "none.yaml: No such file or directory");
}
END_TEST

/* ---- finding ---- */

START_TEST(a_profile_beside_the_scenario_comes_first)
{
	char path[PROFILE_PATH], suggestion[96];

	folder_write("here/profiles/server-x86.yaml", "");
	ck_assert(profile_find("server-x86", "here", path, suggestion));
	ck_assert_str_eq(path, "here/profiles/server-x86.yaml");
	ck_assert(profile_find("server-x86", "elsewhere", path, suggestion));
	ck_assert_str_eq(path, SCENARIOS "/profiles/server-x86.yaml");
	ck_assert(profile_find("profiles/server-x86.yaml", "here", path, suggestion));
	ck_assert_str_eq(path, "here/profiles/server-x86.yaml");
	ck_assert(profile_find(SCENARIOS "/profiles/server-x86.yaml", "here", path, suggestion));
	ck_assert(!profile_find("server-x86.yaml", "here", path, suggestion));
	ck_assert_str_eq(suggestion, "");
}
END_TEST

START_TEST(the_nearest_profile_is_suggested)
{
	char path[PROFILE_PATH], suggestion[96];

	folder_write("mine/profiles/laptop.yaml", "");
	folder_write("mine/profiles/notes.txt", "");
	ck_assert(!profile_find("sever-x86", "mine", path, suggestion));
	ck_assert_str_eq(suggestion, ": did you mean 'server-x86'?");
	ck_assert(!profile_find("labtop", "mine", path, suggestion));
	ck_assert_str_eq(suggestion, ": did you mean 'laptop'?");
	ck_assert(!profile_find("notes", "mine", path, suggestion));
	ck_assert_str_eq(suggestion, "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_price_has_a_number_and_a_source_that_resolves,
		prices_of_the_server_are_those_of_its_sources,
		prices_of_the_server_add_up_to_measured_operations,
		prices_of_power9_add_up_to_measured_throughput,
		prices_may_have_dotted_names,
		a_price_needs_value_unit_and_source,
		a_profile_has_every_price_once_and_nothing_else,
		a_profile_has_the_name_of_its_file,
		a_profile_beside_the_scenario_comes_first,
		the_nearest_profile_is_suggested,
		NULL,
	};

	return folder_suite_run("scenarios/profile", tests);
}
