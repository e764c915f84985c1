// SPDX-License-Identifier: MIT
/*
 * Rules see each message twice, before it is run and before its answer goes; the
 * root asks for its own, PDs ask through their link while any rule stands.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steer-rules.h"

struct rule {
	struct list node;
	uint32_t id;
	struct steer_command cmd;
	uint64_t left;			/* matches to come; UINT64_MAX: all */
	struct list kept;
};

/* A call a rule has taken: of the root, or of a PD */
struct kept {
	struct list node;
	uint32_t sid;
	bool before;			/* not run yet */
	struct call *call;
	struct pd *pd;
	struct pdlink_packet packet;	/* msg, lane, and the reply as it goes out */
};

/* what the rules look at */
struct subject {
	uint32_t sid;
	enum root_op op;
	const struct payload_msg *msg;
};

static struct list rules = { &rules, &rules };
static uint32_t last_id;
static uint64_t map_address;

uint64_t steer_map_address(void)
{
	uint64_t addr = map_address;

	map_address = 0;
	return addr;
}

void rules_set_map_address(uint64_t addr)
{
	map_address = addr;
}

uint32_t steer_armed(void)
{
	uint32_t armed = dsp.log ? PDLINK_ARMED_LOG : 0;
	struct list *node;

	list_for_each(node, &rules) {
		if (container_of(node, struct rule, node)->left)
			armed |= PDLINK_ARMED_RULES;
	}
	return armed;
}

static void update_armed(void)
{
	uint32_t armed = steer_armed();
	unsigned int i;

	for (i = 0; i < dsp.num_banks; i++) {
		if (dsp.banks[i].pd)
			pd_set_armed(dsp.banks[i].pd, armed);
	}
}

static struct rule *find_rule(uint32_t id)
{
	struct list *node;

	list_for_each(node, &rules) {
		struct rule *rule = container_of(node, struct rule, node);

		if (rule->id == id)
			return rule;
	}
	return NULL;
}

uint32_t rules_add(const struct steer_command *cmd)
{
	struct rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return 0;
	rule->id = ++last_id;
	memcpy(&rule->cmd, cmd, offsetof(struct steer_command, data));
	rule->left = 1;
	if (steer_has(cmd, STEER_KEY_N))
		rule->left = cmd->value[STEER_KEY_N] ? cmd->value[STEER_KEY_N] :
						       UINT64_MAX;
	list_init(&rule->kept);
	list_add(&rules, &rule->node);
	update_armed();
	return rule->id;
}

static bool same(const struct steer_command *cmd, enum steer_key key, uint64_t value)
{
	return !steer_has(cmd, key) || cmd->value[key] == value;
}

static bool matches(const struct rule *rule, const struct subject *s)
{
	const struct steer_command *cmd = &rule->cmd;

	return rule->left && same(cmd, STEER_KEY_SID, s->sid) &&
	       same(cmd, STEER_KEY_HANDLE, s->msg->handle) &&
	       same(cmd, STEER_KEY_METHOD, payload_method(s->msg->sc)) &&
	       (cmd->verb != STEER_FAIL || cmd->value[STEER_KEY_OP] == s->op);
}

static void use_up(struct rule *rule)
{
	if (rule->left != UINT64_MAX)
		rule->left--;
	if (rule->left)
		return;
	/* rules that keep nothing have nothing left to be asked for */
	if (rule->cmd.verb == STEER_REPLY ||
	    (rule->cmd.verb == STEER_FAIL && !rule->cmd.value[STEER_KEY_HOLD])) {
		list_del(&rule->node);
		free(rule);
	}
	update_armed();
}

static struct kept *keep(struct rule *rule, const struct subject *s)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->sid = s->sid;
	k->packet.msg = *s->msg;
	list_add(&rule->kept, &k->node);
	use_up(rule);
	return k;
}

static void drop_kept(struct kept *k)
{
	list_del(&k->node);
	free(k);
}

/* the pause that takes it, NULL: it may run */
static struct rule *find_pause(const struct subject *s)
{
	struct list *node;

	list_for_each(node, &rules) {
		struct rule *rule = container_of(node, struct rule, node);

		if (rule->cmd.verb == STEER_PAUSE && matches(rule, s))
			return rule;
	}
	return NULL;
}

static struct rule *find_hold(const struct subject *s)
{
	struct list *node;

	list_for_each(node, &rules) {
		struct rule *rule = container_of(node, struct rule, node);

		if ((rule->cmd.verb == STEER_HOLD ||
		     (rule->cmd.verb == STEER_FAIL &&
		      rule->cmd.value[STEER_KEY_HOLD])) &&
		    matches(rule, s))
			return rule;
	}
	return NULL;
}

static void change(const struct steer_command *cmd, struct pdlink_packet *reply)
{
	struct qda_wire_rsp rsp;

	memcpy(&rsp, reply->data, sizeof(rsp));
	if (steer_has(cmd, STEER_KEY_CTX))
		rsp.ctx = htole64(cmd->value[STEER_KEY_CTX]);
	if (steer_has(cmd, STEER_KEY_XOR))
		rsp.ctx ^= htole64(cmd->value[STEER_KEY_XOR]);
	if (steer_has(cmd, STEER_KEY_STATUS))
		rsp.retval = htole32((uint32_t)cmd->value[STEER_KEY_STATUS]);
	memcpy(reply->data, &rsp, sizeof(rsp));
	if (steer_has(cmd, STEER_KEY_LEN))
		reply->len = (uint32_t)cmd->value[STEER_KEY_LEN];
	if (steer_has(cmd, STEER_KEY_TIMES))
		reply->times = (uint32_t)cmd->value[STEER_KEY_TIMES];
}

static void apply_replies(const struct subject *s, struct pdlink_packet *reply)
{
	struct list *node, *tmp;

	list_for_each_safe(node, tmp, &rules) {
		struct rule *rule = container_of(node, struct rule, node);

		if (rule->cmd.verb != STEER_REPLY || !matches(rule, s))
			continue;
		change(&rule->cmd, reply);
		use_up(rule);
	}
}

/* --- messages of the root ---------------------------------------------------- */

static struct subject subject_of(const struct call *call)
{
	const struct bank *bank = call->conn ? call->conn->bank : call->bank;

	return (struct subject){
		.sid = bank ? bank->sid : 0,
		.op = call->op,
		.msg = &call->msg,
	};
}

bool steer_before(struct call *call)
{
	struct subject s = subject_of(call);
	struct list *node, *tmp;
	struct rule *rule;
	struct kept *k;

	list_for_each_safe(node, tmp, &rules) {
		int32_t status;

		rule = container_of(node, struct rule, node);
		if (rule->cmd.verb != STEER_FAIL || !matches(rule, &s) ||
		    !steer_has(&rule->cmd, STEER_KEY_STATUS))
			continue;
		status = (int32_t)rule->cmd.value[STEER_KEY_STATUS];
		/* with hold=1 the same rule keeps the answer and is used up then */
		if (!rule->cmd.value[STEER_KEY_HOLD])
			use_up(rule);
		call_finish(call, status);
		return false;
	}
	rule = find_pause(&s);
	k = rule ? keep(rule, &s) : NULL;
	if (!k)
		return true;
	k->call = call;
	k->before = true;
	return false;
}

void steer_after(struct call *call, int32_t status)
{
	struct subject s = subject_of(call);
	struct qda_wire_rsp rsp = {
		.ctx = htole64(call->msg.ctx),
		.retval = htole32((uint32_t)status),
	};
	struct pdlink_packet reply = { .times = 1, .len = sizeof(rsp) };
	struct rule *rule;
	struct kept *k = NULL;

	memcpy(reply.data, &rsp, sizeof(rsp));
	if (!list_empty(&rules)) {
		apply_replies(&s, &reply);
		rule = find_hold(&s);
		if (rule)
			k = keep(rule, &s);
	}
	if (k) {
		k->call = call;
		k->packet.times = reply.times;
		k->packet.len = reply.len;
		memcpy(k->packet.data, reply.data, sizeof(reply.data));
		return;
	}
	call_send(call, reply.data, reply.len, reply.times);
	call_free(call);
}

void steer_forget_call(struct call *call)
{
	struct list *node, *k_node, *tmp;

	list_for_each(node, &rules) {
		struct rule *rule = container_of(node, struct rule, node);

		list_for_each_safe(k_node, tmp, &rule->kept) {
			struct kept *k = container_of(k_node, struct kept, node);

			if (k->call != call)
				continue;
			drop_kept(k);
			call_free(call);
			return;
		}
	}
}

void steer_forget_orphans(void)
{
	struct list *node, *k_node, *tmp;

	list_for_each(node, &rules) {
		struct rule *rule = container_of(node, struct rule, node);

		list_for_each_safe(k_node, tmp, &rule->kept) {
			struct kept *k = container_of(k_node, struct kept, node);
			struct call *call = k->call;

			if (!call || call->conn)
				continue;
			drop_kept(k);
			call_free(call);
		}
	}
}

/* --- messages of PDs ----------------------------------------------------------- */

void steer_pd_packet(struct pd *pd, const struct pdlink_packet *packet)
{
	struct subject s = { pd->bank->sid, ROOT_OP_NONE, &packet->msg };
	struct pdlink_packet out = *packet;
	bool before = packet->op == PDLINK_CALL;
	/* a reply of a call that was run late waits for no verdict */
	bool late = packet->seq == UINT32_MAX;
	struct rule *rule;
	struct kept *k;

	out.op = late ? PDLINK_SEND : PDLINK_VERDICT;
	out.verdict = PDLINK_GO;
	if (before) {
		rule = find_pause(&s);
	} else {
		out.times = 1;
		out.len = sizeof(struct qda_wire_rsp);
		apply_replies(&s, &out);
		rule = find_hold(&s);
	}
	k = rule ? keep(rule, &s) : NULL;
	if (k) {
		k->pd = pd;
		k->before = before;
		k->packet = out;
		k->packet.op = before ? PDLINK_RUN : PDLINK_SEND;
		out.verdict = PDLINK_KEPT;
		if (late)
			return;
	}
	pd_send_packet(pd, &out);
}

void steer_forget_pd(struct pd *pd)
{
	struct list *node, *k_node, *tmp;

	list_for_each(node, &rules) {
		struct rule *rule = container_of(node, struct rule, node);

		list_for_each_safe(k_node, tmp, &rule->kept) {
			struct kept *k = container_of(k_node, struct kept, node);

			if (k->pd == pd)
				drop_kept(k);
		}
	}
}

/* --- what the steering client asks ---------------------------------------------- */

static void let_go(struct kept *k, bool answer)
{
	struct call *call = k->call;

	if (k->pd) {
		if (answer)
			pd_send_packet(k->pd, &k->packet);
		return;
	}
	if (!answer) {
		/* it stays unanswered, so for the connection it is done */
		call_free(call);
	} else if (k->before && call->conn) {
		call_exec(call);
	} else {
		call_send(call, k->packet.data, k->packet.len, k->packet.times);
		call_free(call);
	}
}

int rules_release(uint32_t id, bool answer)
{
	struct rule *rule = find_rule(id);
	int n = 0;

	if (!rule)
		return -1;
	/* what is let go must not be taken by the same rule again */
	list_del(&rule->node);
	while (!list_empty(&rule->kept)) {
		struct kept *k = container_of(rule->kept.next, struct kept, node);

		list_del(&k->node);
		let_go(k, answer);
		free(k);
		n++;
	}
	free(rule);
	update_armed();
	return n;
}

bool rules_held(uint32_t id, char *text, size_t size)
{
	struct rule *rule = find_rule(id);
	struct list *node;
	unsigned int n = 0;
	size_t at;

	if (!rule)
		return false;
	list_for_each(node, &rule->kept)
		n++;
	at = (size_t)snprintf(text, size, "%u", n);
	list_for_each(node, &rule->kept) {
		const struct payload_msg *msg =
			&container_of(node, struct kept, node)->packet.msg;

		if (at >= size)
			break;
		at += (size_t)snprintf(
			text + at, size - at,
			" ctx=%#llx addr=%#llx size=%#llx handle=%#x sc=%#x tid=%u "
			"client=%u",
			(unsigned long long)msg->ctx, (unsigned long long)msg->addr,
			(unsigned long long)msg->size, msg->handle, msg->sc, msg->tid,
			msg->client_id);
	}
	return true;
}

/* before the connections and PDs they keep calls of are gone */
void rules_clear(void)
{
	while (!list_empty(&rules))
		rules_release(container_of(rules.next, struct rule, node)->id, false);
}
