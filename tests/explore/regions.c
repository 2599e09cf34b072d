/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/explore/regions.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "models/base/require.h"

#define SLOTS  4u /* regions that exist at a time, freed ones that somebody still holds included */
#define RANGES 2u
#define PAGES  2u /* of a range; range r begins at page r */

enum phase {
	NONE,
	LISTED,
	UNLINKED, /* out of the list, not freed yet */
	FREED,    /* and somebody holds it */
};

struct slot {
	uint8_t phase, range;
	uint8_t used, mapped;      /* what the kernel counts */
	uint8_t references, lying; /* what is true: references given and not taken back, mappings in it */
};

/* Where a caller stands. */
enum place {
	IDLE,
	GET,      /* register: an equal region? */
	CHARGE,   /* no: account, pin */
	INSERT,   /* and enter it into the list */
	FIND,     /* unregister: the container's region */
	PUT,      /* a reference back */
	PUT_LAST, /* which was the last one; the mutex is held */
	UNCHARGE,
	LOOKUP, /* map: the region of the page */
	INC,    /* count in it */
	EXCHANGE,
	OLD_LOOKUP, /* of the mapping that was there before */
	OLD_DEC,
	ADDRESS, /* the entry's user address, beside the entry itself */
};

/* What happens after a put. */
enum then {
	THEN_END,
	THEN_OWN,       /* (REGIONS_BUSY_UNSEEN) the reference by which the region was found goes, too */
	THEN_FORGOTTEN, /* this is that one: its result is nobody's */
};

struct caller {
	uint8_t place, call, which, left;
	uint8_t slot;   /* number and 1; 0: none */
	uint8_t then;   /* enum then */
	uint8_t result; /* errno value so far */
};

struct container {
	uint8_t lock;          /* caller and 1 */
	uint8_t holds[RANGES]; /* slot and 1 */
	uint8_t entry;         /* of its table: page and 1 */
	uint8_t address;       /* what is kept beside it: the same, when no call is under way */
};

struct state {
	struct slot slots[SLOTS];
	struct caller callers[REGIONS_CALLERS];
	struct container containers[REGIONS_CALLERS];
	uint8_t mutex; /* of the list: caller and 1 */
	uint8_t charged;
};

_Static_assert(sizeof(struct state) <= EXPLORE_STATE_BYTES, "a state fits");

/* A step under way. */
struct stepping {
	const struct regions_config *config;
	struct state *state;
	struct caller *caller;
	struct container *container;
	unsigned number; /* the caller's */
	char *text;
	const char *broken;
	bool ended; /* with this result */
	int result;
};

static const char *const bug_names[REGIONS_BUGS] = {
	"none", "put-leaks", "half-compared", "busy-unseen", "inc-from-zero", "freed-at-once", "unlocked",
};

const char *regions_bug_name(enum regions_bug bug)
{
	return bug_names[bug];
}

__attribute__((format(printf, 2, 3))) static void say(const struct stepping *s, const char *format, ...)
{
	va_list arguments;
	int length;

	if (!s->text)
		return;
	length = snprintf(s->text, EXPLORE_TEXT_BYTES, "caller %u (container %u): ", s->number,
			  s->config->container[s->number]);
	va_start(arguments, format);
	vsnprintf(s->text + length, EXPLORE_TEXT_BYTES - (size_t)length, format, arguments);
	va_end(arguments);
}

static bool range_holds(unsigned range, unsigned page)
{
	return page >= range && page < range + PAGES;
}

/* The region that the caller holds by its pointer. */
static struct slot *touched(struct stepping *s)
{
	struct slot *slot = &s->state->slots[s->caller->slot - 1u];

	if (slot->phase == FREED)
		s->broken = "a region that was freed is touched";
	return slot;
}

static uint8_t listed_range(const struct state *state, unsigned range)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (state->slots[i].phase == LISTED && state->slots[i].range == range)
			return (uint8_t)(i + 1);
	return 0;
}

static uint8_t listed_page(const struct state *state, unsigned page)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (state->slots[i].phase == LISTED && range_holds(state->slots[i].range, page))
			return (uint8_t)(i + 1);
	return 0;
}

static uint8_t free_slot(const struct state *state)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (state->slots[i].phase == NONE)
			return (uint8_t)(i + 1);
	return 0;
}

/* The call ends: its container's lock is free again, and nothing of it is kept. */
static void end_call(struct stepping *s, int result)
{
	*s->caller = (struct caller){ .left = s->caller->left };
	if (s->container->lock == s->number + 1)
		s->container->lock = 0;
	s->ended = true;
	s->result = result;
}

/* A put is over, with this result: what the call does next. */
static void after_put(struct stepping *s, int result)
{
	struct caller *caller = s->caller;

	if (caller->then == THEN_FORGOTTEN) {
		end_call(s, caller->result);
		return;
	}
	if (result == 0 && caller->call == REGIONS_UNREGISTER)
		s->container->holds[caller->which] = 0;
	if (caller->then == THEN_OWN) {
		caller->result = (uint8_t)result;
		caller->then = THEN_FORGOTTEN;
		caller->place = PUT;
		return;
	}
	end_call(s, result ? result : caller->result);
}

/* ---- Registering ---- */

static void step_get(struct stepping *s)
{
	struct caller *caller = s->caller;

	caller->slot = listed_range(s->state, caller->which);
	if (!caller->slot) {
		caller->place = CHARGE;
		say(s, "register range %u: no such region yet", caller->which);
		return;
	}
	s->state->slots[caller->slot - 1u].used++;
	s->state->slots[caller->slot - 1u].references++;
	say(s, "register range %u: a reference more", caller->which);
	if (!s->container->holds[caller->which]) {
		s->container->holds[caller->which] = caller->slot;
		end_call(s, 0);
		return;
	}
	caller->result = EBUSY;
	caller->place = PUT;
}

static void step_charge(struct stepping *s)
{
	s->state->charged = (uint8_t)(s->state->charged + PAGES);
	s->caller->place = INSERT;
	say(s, "register range %u: accounted and pinned", s->caller->which);
}

static void step_insert(struct stepping *s)
{
	struct caller *caller = s->caller;

	for (unsigned page = caller->which; page < caller->which + PAGES; page++) {
		if (!listed_page(s->state, page))
			continue;
		caller->result = EINVAL;
		caller->place = UNCHARGE;
		say(s, "register range %u: overlaps by now", caller->which);
		return;
	}

	uint8_t number = free_slot(s->state);

	s->state->slots[number - 1u] =
		(struct slot){ .phase = LISTED, .range = caller->which, .used = 1, .mapped = 1, .references = 1 };
	s->container->holds[caller->which] = number;
	say(s, "register range %u: 0", caller->which);
	end_call(s, 0);
}

/* ---- Unregistering ---- */

static void step_find(struct stepping *s)
{
	struct caller *caller = s->caller;

	say(s, "unregister range %u: looks for it", caller->which);
	if (s->config->bug == REGIONS_BUSY_UNSEEN) {
		caller->slot = listed_range(s->state, caller->which);
		if (caller->slot) {
			s->state->slots[caller->slot - 1u].used++;
			s->state->slots[caller->slot - 1u].references++;
			caller->then = s->container->holds[caller->which] ? THEN_OWN : THEN_FORGOTTEN;
			caller->result = s->container->holds[caller->which] ? 0 : ENOENT;
		}
	} else {
		caller->slot = s->container->holds[caller->which];
	}
	if (caller->slot)
		caller->place = PUT;
	else
		end_call(s, ENOENT);
}

static void check_busy(struct stepping *s, const struct slot *slot)
{
	if (slot->references > 1)
		s->broken = "EBUSY although other references remain";
	else if (slot->lying == 0)
		s->broken = "EBUSY although nothing is mapped";
}

static void step_put(struct stepping *s)
{
	struct slot *slot = touched(s);

	if (slot->used == 0) {
		say(s, "put: there is no reference: ENOENT");
		after_put(s, ENOENT);
		return;
	}
	slot->used--;
	if (s->config->bug == REGIONS_PUT_LEAKS && slot->mapped > 1) {
		say(s, "put: a reference less, but mapped: EBUSY");
		if (slot->references > 1)
			check_busy(s, slot);
		after_put(s, EBUSY);
		return;
	}
	if (slot->used == 0) {
		say(s, "put: the last reference");
		s->state->mutex = (uint8_t)(s->number + 1);
		s->caller->place = PUT_LAST;
		return;
	}
	say(s, "put: a reference less");
	slot->references--;
	after_put(s, 0);
}

static void step_put_last(struct stepping *s)
{
	struct slot *slot = touched(s);

	s->state->mutex = 0;
	if (slot->mapped != 1 || s->config->bug == REGIONS_HALF_COMPARED) {
		slot->used++;
		say(s, "put: mapped, the reference stays: EBUSY");
		check_busy(s, slot);
		after_put(s, EBUSY);
		return;
	}
	if (slot->lying)
		s->broken = "the last reference went while something is mapped";
	slot->mapped = 0;
	slot->references--;
	slot->phase = s->config->bug == REGIONS_FREED_AT_ONCE ? FREED : UNLINKED;
	s->caller->slot = 0;
	s->caller->place = UNCHARGE;
	say(s, "put: out of the list");
}

static void step_uncharge(struct stepping *s)
{
	s->state->charged = (uint8_t)(s->state->charged - PAGES);
	say(s, "accounted no more");
	if (s->caller->call == REGIONS_REGISTER)
		end_call(s, s->caller->result);
	else
		after_put(s, 0);
}

/* ---- Mapping ---- */

static void step_lookup(struct stepping *s)
{
	s->caller->slot = listed_page(s->state, s->caller->which);
	say(s, "map page %u: %s", s->caller->which, s->caller->slot ? "a region has it" : "EINVAL");
	if (s->caller->slot)
		s->caller->place = INC;
	else
		end_call(s, EINVAL);
}

static void step_inc(struct stepping *s)
{
	struct slot *slot = touched(s);

	if (slot->mapped == 0 && s->config->bug != REGIONS_INC_FROM_ZERO) {
		say(s, "map page %u: the region is going: EINVAL", s->caller->which);
		end_call(s, EINVAL);
		return;
	}
	slot->mapped++;
	slot->lying++;
	if (slot->references == 0)
		s->broken = "something is mapped in a region without a reference";
	s->caller->slot = 0;
	s->caller->place = EXCHANGE;
	say(s, "map page %u: counted", s->caller->which);
}

static void step_exchange(struct stepping *s)
{
	struct caller *caller = s->caller;
	bool is_map = caller->call == REGIONS_MAP;
	uint8_t old = s->container->entry;

	s->container->entry = is_map ? (uint8_t)(caller->which + 1) : 0;
	say(s, "%s: the entry is written, %s", is_map ? "map" : "unmap", old ? "there was one" : "there was none");
	if (old)
		caller->place = OLD_LOOKUP;
	else if (is_map)
		caller->place = ADDRESS;
	else
		end_call(s, 0);
}

static void step_old_lookup(struct stepping *s)
{
	struct caller *caller = s->caller;

	caller->slot = s->container->address ? listed_page(s->state, s->container->address - 1u) : 0;
	say(s, "the old mapping's region: %s", caller->slot ? "found" : "there is none");
	if (caller->slot)
		caller->place = OLD_DEC;
	else if (caller->call == REGIONS_MAP)
		caller->place = ADDRESS;
	else
		end_call(s, 0);
}

static void step_old_dec(struct stepping *s)
{
	struct slot *slot = touched(s);

	if (slot->lying == 0)
		s->broken = "a mapping is counted down where none lies";
	else
		slot->lying--;
	if (slot->mapped > 1)
		slot->mapped--;
	s->caller->slot = 0;
	s->container->address = 0;
	say(s, "the old mapping is counted no more");
	if (s->caller->call == REGIONS_MAP)
		s->caller->place = ADDRESS;
	else
		end_call(s, 0);
}

static void step_address(struct stepping *s)
{
	s->container->address = (uint8_t)(s->caller->which + 1);
	say(s, "map page %u: 0", s->caller->which);
	end_call(s, 0);
}

/* ---- The system ---- */

static void begin_call(struct stepping *s, enum regions_call call, unsigned which)
{
	static const uint8_t first[] = { GET, FIND, LOOKUP, EXCHANGE };
	bool locks = s->config->bug != REGIONS_UNLOCKED || call < REGIONS_MAP;

	*s->caller = (struct caller){
		.place = first[call], .call = (uint8_t)call, .which = (uint8_t)which, .left = s->caller->left
	};
	if (locks)
		s->container->lock = (uint8_t)(s->number + 1);
}

static void (*const steps[])(struct stepping *) = {
	[GET] = step_get,         [CHARGE] = step_charge,     [INSERT] = step_insert,         [FIND] = step_find,
	[PUT] = step_put,         [PUT_LAST] = step_put_last, [UNCHARGE] = step_uncharge,     [LOOKUP] = step_lookup,
	[INC] = step_inc,         [EXCHANGE] = step_exchange, [OLD_LOOKUP] = step_old_lookup, [OLD_DEC] = step_old_dec,
	[ADDRESS] = step_address,
};

static bool is_held(const struct state *state, unsigned slot)
{
	for (unsigned i = 0; i < REGIONS_CALLERS; i++)
		if (state->callers[i].slot == slot + 1)
			return true;
	return false;
}

/* Freed memory that nobody holds any more is as if it had never been. */
static void recycle(struct state *state)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (state->slots[i].phase == FREED && !is_held(state, i))
			state->slots[i] = (struct slot){ 0 };
}

/* A call that a caller may choose. */
struct chosen {
	enum regions_call call;
	unsigned which;
};

/* The choice-th of those whose first step the list's mutex does not forbid; false: there are no more. */
static bool choose(const struct regions_config *config, const struct state *state, unsigned choice,
		   struct chosen *chosen)
{
	static const struct chosen one[] = {
		{ REGIONS_MAP, 0 }, { REGIONS_UNMAP, 0 }, { REGIONS_REGISTER, 0 }, { REGIONS_UNREGISTER, 0 }
	};
	static const struct chosen two[] = { { REGIONS_MAP, 1 },       { REGIONS_MAP, 2 },
					     { REGIONS_UNMAP, 0 },     { REGIONS_REGISTER, 0 },
					     { REGIONS_REGISTER, 1 },  { REGIONS_UNREGISTER, 0 },
					     { REGIONS_UNREGISTER, 1 } };
	const struct chosen *all = config->overlapping ? two : one;
	unsigned count = config->overlapping ? sizeof(two) / sizeof(two[0]) : sizeof(one) / sizeof(one[0]);

	for (unsigned i = 0; i < count; i++) {
		bool takes_mutex = all[i].call == REGIONS_REGISTER ||
				   (all[i].call == REGIONS_UNREGISTER && config->bug == REGIONS_BUSY_UNSEEN);

		if ((takes_mutex && state->mutex) || choice-- > 0)
			continue;
		*chosen = all[i];
		return true;
	}
	return false;
}

static unsigned call_choices(const struct regions_config *config, const struct state *state)
{
	struct chosen chosen;
	unsigned count = 0;

	while (choose(config, state, count, &chosen))
		count++;
	return count;
}

static void regions_begin(const void *config, void *at)
{
	const struct regions_config *regions = config;
	struct state *state = at;

	memset(state, 0, sizeof(*state));
	for (unsigned i = 0; i < regions->callers; i++)
		state->callers[i].left = (uint8_t)regions->calls;
}

/* The actor after the callers: the end of a grace period. */
static unsigned grace_choices(const struct state *state)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		count += state->slots[i].phase == UNLINKED && !is_held(state, i);
	return count;
}

static void end_grace(struct state *state, unsigned choice, char *text)
{
	unsigned i = 0;

	for (;; i++)
		if (state->slots[i].phase == UNLINKED && !is_held(state, i) && choice-- == 0)
			break;
	if (text)
		snprintf(text, EXPLORE_TEXT_BYTES, "a grace period ends: range %u is freed", state->slots[i].range);
	state->slots[i] = (struct slot){ 0 };
}

static unsigned regions_choices(const void *config, const void *at, unsigned actor)
{
	const struct regions_config *regions = config;
	const struct state *state = at;

	if (actor == regions->callers)
		return grace_choices(state);

	const struct caller *caller = &state->callers[actor];

	switch (caller->place) {
	case IDLE:
		return caller->left && !state->containers[regions->container[actor]].lock ? call_choices(regions, state)
											  : 0;
	case PUT:
		return !state->mutex;
	case INSERT:
		return !state->mutex && free_slot(state);
	default:
		return 1;
	}
}

static const char *take_step(struct stepping *s)
{
	steps[s->caller->place](s);
	recycle(s->state);
	return s->broken;
}

static struct stepping stepping_of(const struct regions_config *config, struct state *state, unsigned caller,
				   char *text)
{
	return (struct stepping){ .config = config,
				  .state = state,
				  .caller = &state->callers[caller],
				  .container = &state->containers[config->container[caller]],
				  .number = caller,
				  .text = text };
}

static const char *regions_step(const void *config, void *at, unsigned actor, unsigned choice, char *text)
{
	const struct regions_config *regions = config;
	struct state *state = at;

	if (actor == regions->callers) {
		end_grace(state, choice, text);
		return NULL;
	}

	struct stepping s = stepping_of(regions, state, actor, text);

	if (s.caller->place == IDLE) {
		struct chosen chosen = { 0 };

		s.caller->left--;
		REQUIRE(choose(regions, state, choice, &chosen));
		begin_call(&s, chosen.call, chosen.which);
	}
	return take_step(&s);
}

static int call_whole(const struct regions_config *config, struct state *state, unsigned caller, enum regions_call call,
		      unsigned which, const char **broken)
{
	struct stepping s = stepping_of(config, state, caller, NULL);

	for (begin_call(&s, call, which); !s.ended;) {
		while (s.caller->place == INSERT && !free_slot(state) && grace_choices(state))
			end_grace(state, 0, NULL);
		take_step(&s);
	}
	if (broken && s.broken)
		*broken = s.broken;
	return s.result;
}

int regions_call(const struct regions_config *config, void *state, unsigned caller, enum regions_call call,
		 unsigned which)
{
	const char *broken = NULL;
	int result = call_whole(config, state, caller, call, which, &broken);

	REQUIRE(!broken);
	return result;
}

unsigned regions_charged(const void *state)
{
	return ((const struct state *)state)->charged;
}

/* With no call under way: everything can be given back, and nothing remains. */
static const char *check_quiet(const struct regions_config *config, struct state state)
{
	const char *broken = NULL;

	for (unsigned i = 0; i < config->callers; i++)
		call_whole(config, &state, i, REGIONS_UNMAP, 0, &broken);
	for (unsigned i = 0; i < config->callers; i++)
		for (unsigned range = 0; range < RANGES; range++)
			if (state.containers[config->container[i]].holds[range] &&
			    call_whole(config, &state, i, REGIONS_UNREGISTER, range, &broken))
				return broken ? broken : "a reference is lost: unmapped memory cannot be unregistered";
	for (unsigned i = 0; i < SLOTS; i++)
		if (state.slots[i].phase == LISTED)
			return "a region stays that no container holds";
	return broken ? broken : state.charged ? "memory stays accounted that is not registered" : NULL;
}

static const char *regions_check(const void *config, const void *at, bool at_rest)
{
	const struct regions_config *regions = config;
	const struct state *state = at;
	bool quiet = true;

	for (unsigned page = 0; page < RANGES + PAGES - 1; page++)
		if (listed_page(state, page) && range_holds(0, page) && range_holds(1, page) &&
		    listed_range(state, 0) && listed_range(state, 1))
			return "two regions overlap";
	for (unsigned i = 0; i < regions->callers; i++)
		quiet = quiet && state->callers[i].place == IDLE;
	if (at_rest && !quiet)
		return "a caller waits for ever";
	return quiet ? check_quiet(regions, *state) : NULL;
}

struct explore_system regions_system(const struct regions_config *config)
{
	return (struct explore_system){ .state_bytes = sizeof(struct state),
					.actor_count = config->callers + 1,
					.config = config,
					.begin = regions_begin,
					.choices = regions_choices,
					.step = regions_step,
					.check = regions_check };
}
