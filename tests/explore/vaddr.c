/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/explore/vaddr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "models/base/require.h"

#define MAPPINGS 2u

struct mapping {
	uint8_t present, invalid;
	uint8_t pins;   /* of devices */
	uint8_t serial; /* another mapping in the same place has another one */
};

enum place {
	IDLE,
	BEGINS,
	NOTIFIES, /* unmap: a device is to unpin; without the mutex */
	DECIDED,  /* (VADDR_LATE_ENQUEUE) to wait, not in the queue yet */
	WAITS,
};

struct caller {
	uint8_t place, call, which, left;
	uint8_t next;  /* the mapping that is looked at, or waited for */
	uint8_t found; /* its serial when it was found last */
	uint8_t woken;
};

struct state {
	struct mapping mappings[MAPPINGS];
	struct caller callers[VADDR_CALLERS];
	uint8_t invalid_count;
	uint8_t accounted; /* pages pinned */
	uint8_t closed;
};

_Static_assert(sizeof(struct state) <= EXPLORE_STATE_BYTES, "a state fits");

/* A step under way. */
struct stepping {
	const struct vaddr_config *config;
	struct state *state;
	struct caller *caller;
	unsigned number; /* the caller's */
	char *text;
	const char *broken;
	bool ended; /* with this result */
	int result;
};

static const char *const bug_names[VADDR_BUGS] = {
	"none",       "wait-forgotten", "not-found-again", "late-enqueue", "unmap-silent",
	"count-kept", "partial",        "not-retried",     "close-unseen",
};

const char *vaddr_bug_name(enum vaddr_bug bug)
{
	return bug_names[bug];
}

__attribute__((format(printf, 2, 3))) static void say(const struct stepping *s, const char *format, ...)
{
	static const char *const calls[] = { "map", "unmap", "invalidate", "update", "pin", "attach", "close" };
	static const char *const which[] = { " first", " second", " both" };
	va_list arguments;
	int length;

	if (!s->text)
		return;
	length = snprintf(s->text, EXPLORE_TEXT_BYTES, "caller %u: %s%s: ", s->number, calls[s->caller->call],
			  s->caller->call >= VADDR_ATTACH ? "" : which[s->caller->which]);
	va_start(arguments, format);
	vsnprintf(s->text + length, EXPLORE_TEXT_BYTES - (size_t)length, format, arguments);
	va_end(arguments);
}

static unsigned first_of(const struct caller *caller)
{
	return caller->which == VADDR_SECOND;
}

static unsigned last_of(const struct caller *caller)
{
	return caller->which != VADDR_FIRST;
}

static void wake_all(struct state *state)
{
	for (unsigned i = 0; i < VADDR_CALLERS; i++)
		if (state->callers[i].place == WAITS)
			state->callers[i].woken = 1;
}

static void end_call(struct stepping *s, int result)
{
	static const char *const names[] = {
		[0] = "0", [ENOENT] = "ENOENT", [EFAULT] = "EFAULT", [EEXIST] = "EEXIST", [EINVAL] = "EINVAL"
	};

	say(s, "%s", names[result]);
	*s->caller = (struct caller){ .left = s->caller->left };
	s->ended = true;
	s->result = result;
}

/* ---- Owners ---- */

static void step_map(struct stepping *s)
{
	struct mapping *mapping = &s->state->mappings[first_of(s->caller)];

	if (mapping->present) {
		end_call(s, EEXIST);
		return;
	}
	*mapping = (struct mapping){ .present = 1, .serial = (uint8_t)(mapping->serial % 3 + 1) };
	end_call(s, 0);
}

static void remove_mapping(struct stepping *s, struct mapping *mapping)
{
	bool was_invalid = mapping->invalid;

	if (mapping->pins)
		s->broken = "a mapping goes while a device has its pages pinned";
	if (was_invalid && s->config->bug != VADDR_COUNT_KEPT)
		s->state->invalid_count--;
	*mapping = (struct mapping){ .serial = mapping->serial };
	if (was_invalid && s->config->bug != VADDR_UNMAP_SILENT)
		wake_all(s->state);
}

static void step_unmap(struct stepping *s)
{
	struct caller *caller = s->caller;

	for (unsigned i = first_of(caller); i <= last_of(caller); i++) {
		struct mapping *mapping = &s->state->mappings[i];

		if (mapping->present && mapping->pins) {
			caller->place = NOTIFIES;
			caller->next = (uint8_t)i;
			say(s, "pages are pinned: asks their device");
			return;
		}
		if (mapping->present)
			remove_mapping(s, mapping);
	}
	end_call(s, 0);
}

/* The device unpins all that it has of the mapping, if that is still there. */
static void step_notify(struct stepping *s)
{
	struct mapping *mapping = &s->state->mappings[s->caller->next];

	s->state->accounted = (uint8_t)(s->state->accounted - mapping->pins);
	mapping->pins = 0;
	say(s, "the device unpins");
	s->caller->place = BEGINS;
	if (s->config->bug == VADDR_NOT_RETRIED)
		s->caller->found = 1;
}

/* (VADDR_NOT_RETRIED) */
static void step_unmap_blindly(struct stepping *s)
{
	struct mapping *mapping = &s->state->mappings[s->caller->next];

	if (mapping->present)
		remove_mapping(s, mapping);
	s->caller->found = 0;
	step_unmap(s);
}

static void step_invalidate(struct stepping *s)
{
	struct state *state = s->state;
	unsigned first = first_of(s->caller), last = last_of(s->caller);

	for (unsigned i = first; i <= last; i++) {
		struct mapping *mapping = &state->mappings[i];

		if (!mapping->present)
			continue;
		if (!mapping->invalid) {
			mapping->invalid = 1;
			state->invalid_count++;
			continue;
		}
		/* Those before it, which were valid, are so again. */
		for (unsigned k = first; k < i && s->config->bug != VADDR_PARTIAL; k++) {
			if (!state->mappings[k].present)
				continue;
			state->mappings[k].invalid = 0;
			state->invalid_count--;
		}
		if (s->config->bug == VADDR_PARTIAL && i > first && state->mappings[first].present)
			s->broken = "an invalidation that failed has changed something";
		end_call(s, EINVAL);
		return;
	}
	end_call(s, 0);
}

static void step_update(struct stepping *s)
{
	struct mapping *mapping = &s->state->mappings[first_of(s->caller)];

	if (!mapping->present) {
		end_call(s, ENOENT);
		return;
	}
	if (!mapping->invalid) {
		end_call(s, EINVAL);
		return;
	}
	mapping->invalid = 0;
	s->state->invalid_count--;
	wake_all(s->state);
	end_call(s, 0);
}

static void step_close(struct stepping *s)
{
	s->state->closed = 1;
	wake_all(s->state);
	end_call(s, 0);
}

/* ---- Devices ---- */

static void wait(struct stepping *s)
{
	if (s->state->closed && s->config->bug != VADDR_CLOSE_UNSEEN) {
		end_call(s, EFAULT);
		return;
	}
	s->caller->place = s->config->bug == VADDR_LATE_ENQUEUE ? DECIDED : WAITS;
	s->caller->woken = 0;
	say(s, "waits");
}

/* All were found valid at one time: they are pinned by their addresses. */
static void pin(struct stepping *s)
{
	for (unsigned i = first_of(s->caller); i <= last_of(s->caller); i++) {
		struct mapping *mapping = &s->state->mappings[i];

		if (!mapping->present) { /* found again, and not there: the pages before it are let go */
			while (i-- > first_of(s->caller)) {
				s->state->mappings[i].pins--;
				s->state->accounted--;
			}
			end_call(s, EINVAL);
			return;
		}
		if (mapping->invalid)
			s->broken = "pages are pinned by an address that is not valid";
		mapping->pins++;
		s->state->accounted++;
	}
	end_call(s, 0);
}

/* Looks from the mapping `next` on. */
static void look(struct stepping *s)
{
	struct caller *caller = s->caller;

	for (; caller->next <= last_of(caller); caller->next++) {
		const struct mapping *mapping = &s->state->mappings[caller->next];

		if (!mapping->present) {
			end_call(s, EINVAL);
			return;
		}
		if (mapping->invalid) {
			caller->found = mapping->serial;
			wait(s);
			return;
		}
	}
	pin(s);
}

static void step_pin(struct stepping *s)
{
	s->caller->next = (uint8_t)first_of(s->caller);
	look(s);
}

static void step_attach(struct stepping *s)
{
	if (s->state->invalid_count)
		wait(s);
	else
		end_call(s, 0);
}

static void step_woken(struct stepping *s)
{
	struct caller *caller = s->caller;
	const struct mapping *mapping = &s->state->mappings[caller->next];

	caller->place = BEGINS;
	caller->woken = 0;
	if (s->state->closed) {
		end_call(s, EFAULT);
		return;
	}
	if (caller->call == VADDR_ATTACH) {
		step_attach(s);
		return;
	}
	if (s->config->bug == VADDR_NOT_FOUND_AGAIN && (!mapping->present || mapping->serial != caller->found))
		s->broken = "a mapping that has gone is used";
	if (s->config->bug == VADDR_WAIT_FORGOTTEN || (mapping->present && mapping->invalid))
		look(s);
	else
		step_pin(s);
}

/* ---- The system ---- */

static void (*const begins[])(struct stepping *) = {
	[VADDR_MAP] = step_map,       [VADDR_UNMAP] = step_unmap, [VADDR_INVALIDATE] = step_invalidate,
	[VADDR_UPDATE] = step_update, [VADDR_PIN] = step_pin,     [VADDR_ATTACH] = step_attach,
	[VADDR_CLOSE] = step_close,
};

static const char *take_step(struct stepping *s)
{
	switch (s->caller->place) {
	case NOTIFIES:
		step_notify(s);
		break;
	case DECIDED:
		s->caller->place = WAITS;
		say(s, "is in the queue");
		break;
	case WAITS:
		step_woken(s);
		break;
	default:
		if (s->caller->call == VADDR_UNMAP && s->caller->found)
			step_unmap_blindly(s);
		else
			begins[s->caller->call](s);
		break;
	}
	return s->broken;
}

struct chosen {
	enum vaddr_call call;
	enum vaddr_which which;
};

static const struct chosen owners[] = {
	{ VADDR_MAP, VADDR_FIRST },         { VADDR_MAP, VADDR_SECOND },      { VADDR_UNMAP, VADDR_FIRST },
	{ VADDR_UNMAP, VADDR_SECOND },      { VADDR_UNMAP, VADDR_BOTH },      { VADDR_INVALIDATE, VADDR_FIRST },
	{ VADDR_INVALIDATE, VADDR_SECOND }, { VADDR_INVALIDATE, VADDR_BOTH }, { VADDR_UPDATE, VADDR_FIRST },
	{ VADDR_UPDATE, VADDR_SECOND },
};
static const struct chosen devices[] = { { VADDR_PIN, VADDR_FIRST },
					 { VADDR_PIN, VADDR_BOTH },
					 { VADDR_ATTACH, VADDR_BOTH } };
static const struct chosen closers[] = { { VADDR_CLOSE, VADDR_BOTH } };

static const struct {
	const struct chosen *calls;
	unsigned count;
} roles[] = {
	[VADDR_OWNER] = { owners, sizeof(owners) / sizeof(owners[0]) },
	[VADDR_DEVICE] = { devices, sizeof(devices) / sizeof(devices[0]) },
	[VADDR_CLOSER] = { closers, 1 },
};

static void vaddr_begin(const void *config, void *at)
{
	const struct vaddr_config *vaddr = config;
	struct state *state = at;

	memset(state, 0, sizeof(*state));
	for (unsigned i = 0; i < vaddr->callers; i++)
		state->callers[i].left = vaddr->role[i] == VADDR_CLOSER ? 1 : (uint8_t)vaddr->calls;
}

static unsigned vaddr_choices(const void *config, const void *at, unsigned actor)
{
	const struct vaddr_config *vaddr = config;
	const struct caller *caller = &((const struct state *)at)->callers[actor];

	if (caller->place == IDLE)
		return caller->left ? roles[vaddr->role[actor]].count : 0;
	return caller->place != WAITS || caller->woken;
}

static void begin_call(struct caller *caller, const struct chosen *chosen)
{
	*caller = (struct caller){
		.place = BEGINS, .call = (uint8_t)chosen->call, .which = (uint8_t)chosen->which, .left = caller->left
	};
}

static struct stepping stepping_of(const struct vaddr_config *config, struct state *state, unsigned caller, char *text)
{
	return (struct stepping){
		.config = config, .state = state, .caller = &state->callers[caller], .number = caller, .text = text
	};
}

static const char *vaddr_step(const void *config, void *at, unsigned actor, unsigned choice, char *text)
{
	const struct vaddr_config *vaddr = config;
	struct stepping s = stepping_of(vaddr, at, actor, text);

	if (s.caller->place == IDLE) {
		s.caller->left--;
		begin_call(s.caller, &roles[vaddr->role[actor]].calls[choice]);
	}
	return take_step(&s);
}

/* Is there still what the waiter waits for? */
static bool waits_rightly(const struct state *state, const struct caller *caller)
{
	const struct mapping *mapping = &state->mappings[caller->next];

	if (caller->woken)
		return true;
	if (state->closed)
		return false;
	if (caller->call != VADDR_ATTACH)
		return mapping->present && mapping->invalid && mapping->serial == caller->found;
	for (unsigned i = 0; i < MAPPINGS; i++)
		if (state->mappings[i].invalid)
			return true;
	return false;
}

static const char *vaddr_check(const void *config, const void *at, bool at_rest)
{
	const struct vaddr_config *vaddr = config;
	const struct state *state = at;
	unsigned pins = 0;

	for (unsigned i = 0; i < vaddr->callers; i++) {
		const struct caller *caller = &state->callers[i];

		if (caller->place == WAITS && !waits_rightly(state, caller))
			return "a waiter is lost: nobody will wake him";
		if (at_rest && caller->place != IDLE && caller->place != WAITS)
			return "a call does not end";
	}
	for (unsigned i = 0; i < MAPPINGS; i++)
		pins += state->mappings[i].pins;
	return pins != state->accounted ? "what is accounted is not what is pinned" : NULL;
}

struct explore_system vaddr_system(const struct vaddr_config *config)
{
	return (struct explore_system){ .state_bytes = sizeof(struct state),
					.actor_count = config->callers,
					.config = config,
					.begin = vaddr_begin,
					.choices = vaddr_choices,
					.step = vaddr_step,
					.check = vaddr_check };
}

int vaddr_call(const struct vaddr_config *config, void *state, unsigned caller, enum vaddr_call call,
	       enum vaddr_which which)
{
	struct stepping s = stepping_of(config, state, caller, NULL);

	begin_call(s.caller, &(struct chosen){ call, which });
	while (!s.ended && s.caller->place != WAITS)
		REQUIRE(!take_step(&s));
	return s.ended ? s.result : VADDR_WAITS;
}

unsigned vaddr_pins(const void *state, enum vaddr_which which)
{
	return ((const struct state *)state)->mappings[which].pins;
}
