/* SPDX-License-Identifier: MIT */
/* Rings of nodes inside objects: for the library, the soft device and the software DSP. */
#ifndef QDA_LIST_H
#define QDA_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *head)
{
	head->prev = head->next = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* at the end; before a node, when that is what head is */
static inline void list_add(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* may be done again */
static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define list_for_each(node, head) \
	for (node = (head)->next; node != (head); node = node->next)
/* the body may take node out, and nothing else */
#define list_for_each_safe(node, tmp, head) \
	for (node = (head)->next, tmp = node->next; node != (head); \
	     node = tmp, tmp = node->next)

#endif
