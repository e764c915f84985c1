/* SPDX-License-Identifier: MIT */
/* The event loop of the root process, and packet sockets that never block it. */
#ifndef QDA_SOFTDSP_LOOP_H
#define QDA_SOFTDSP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/list.h"

/* Something epoll watches; fd -1: not in use */
struct source {
	int fd;
	uint32_t events;
	void (*fn)(struct source *source, uint32_t events);
};

int loop_init(void);
/* takes fd on success */
int loop_add(struct source *source, int fd, uint32_t events,
	     void (*fn)(struct source *, uint32_t));
void loop_set_events(struct source *source, uint32_t events);
/* closes the descriptor; events already collected are not delivered any more */
void loop_remove(struct source *source);
/* free memory that holds sources when no event can name it any more */
void loop_free_later(void *memory);
/* wait for events and deliver them; timeout_ms -1: no limit */
int loop_run_once(int timeout_ms);

#define CHAN_MAX_FDS	4

struct packet {
	const void *data;
	size_t len;
	bool truncated;		/* there was more than the largest packet */
	int fds[CHAN_MAX_FDS];	/* -1: none; set to -1 what is taken */
};

/*
 * A packet socket. All input and output is non-blocking whatever the flags of
 * the descriptor, which the other end shares.
 */
struct chan {
	struct source source;
	struct list out;
	unsigned int queued, max_queued;
	bool paused;
	void (*packet)(struct chan *chan, struct packet *packet);
	/* end of file, an error, or a peer that does not read; comes once */
	void (*closed)(struct chan *chan);
};

/* takes fd on success */
int chan_init(struct chan *chan, int fd, unsigned int max_queued,
	      void (*packet)(struct chan *, struct packet *),
	      void (*closed)(struct chan *));
static inline bool chan_is_open(const struct chan *chan)
{
	return chan->source.fd >= 0;
}
/*
 * Send or queue. fd (or -1) is duplicated if it has to wait. Negative errno: the
 * channel cannot be used any more, closed() follows from the loop.
 */
int chan_send(struct chan *chan, const void *data, size_t len, int fd);
/* stop reading for a while; the peer then blocks */
void chan_pause(struct chan *chan, bool pause);
/* take what has arrived, as if the loop had found it, max packets at most */
void chan_drain(struct chan *chan, unsigned int max);
/* would one more packet be too many, leaving half of the queue to others? */
static inline bool chan_is_full(const struct chan *chan)
{
	return chan->queued >= chan->max_queued / 2;
}
void chan_close(struct chan *chan);
/* is fd a packet socket at all? */
bool chan_is_packet_socket(int fd);

#endif
