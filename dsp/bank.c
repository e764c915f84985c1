// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "softdsp.h"
#include "transport-dev.h"

#define DMA_BUF_MAGIC	0x444d4142

struct fault {
	uint32_t sid;
	uint64_t addr;
};

static struct fault faults[MAX_FAULTS];
static unsigned int num_faults;

void fault_add(uint32_t sid, uint64_t addr)
{
	fprintf(stderr, "qda-softdsp: SMMU fault: stream id %u, address %#llx\n", sid,
		(unsigned long long)addr);
	if (num_faults < MAX_FAULTS)
		faults[num_faults++] = (struct fault){ sid, addr };
}

void fault_list(char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "%u", num_faults);
	unsigned int i;

	for (i = 0; i < num_faults && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, " sid=%u addr=%#llx",
				       faults[i].sid,
				       (unsigned long long)faults[i].addr);
	num_faults = 0;
}

struct bank *bank_find(uint64_t sid)
{
	return sid >= 1 && sid <= dsp.num_banks ? &dsp.banks[sid - 1] : NULL;
}

unsigned int bank_count_free(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < dsp.num_banks; i++)
		n += !dsp.banks[i].taken;
	return n;
}

struct bank *bank_take(struct conn *conn)
{
	unsigned int i;

	/* the one used longest ago: what is left of a stale address faults */
	for (i = 0; i < dsp.num_banks; i++) {
		struct bank *bank = &dsp.banks[(dsp.next_bank + i) % dsp.num_banks];

		if (bank->taken)
			continue;
		dsp.next_bank = (bank->sid) % dsp.num_banks;
		bank->taken = true;
		bank->conn = conn;
		return bank;
	}
	return NULL;
}

void bank_release(struct bank *bank)
{
	size_t i;

	bank->conn = NULL;
	if (bank->pd && pd_is_alive(bank->pd)) {
		pd_kill(bank->pd, NULL);
		return;
	}
	if (bank->pd)
		pd_free(bank->pd);
	bank->pd = NULL;
	if (bank->held)
		return;
	for (i = 0; i < bank->num_maps; i++)
		close(bank->maps[i].fd);
	free(bank->maps);
	bank->maps = NULL;
	bank->num_maps = bank->max_maps = 0;
	bank->taken = false;
}

/* index of the first mapping that ends above addr */
static size_t find_above(const struct bank *bank, uint64_t addr)
{
	size_t low = 0, high = bank->num_maps, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (bank->maps[mid].addr + bank->maps[mid].size <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Memory that cannot shrink under those who map it: a sealed memfd, a dma-buf */
static int check_memory(int fd, uint64_t offset, uint64_t size)
{
	struct statfs fs;
	struct stat st;
	off_t end;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals >= 0) {
		if (!(seals & F_SEAL_SHRINK) || fstat(fd, &st))
			return -EINVAL;
		end = st.st_size;
	} else {
		if (fstatfs(fd, &fs) || (unsigned long)fs.f_type != DMA_BUF_MAGIC)
			return -EINVAL;
		end = lseek(fd, 0, SEEK_END);
	}
	if (end < 0 || offset > (uint64_t)end || size > (uint64_t)end - offset)
		return -EINVAL;
	return 0;
}

int bank_map(struct bank *bank, uint64_t addr, uint64_t size, uint64_t offset, int fd)
{
	struct mapping *maps;
	size_t at, max;
	int err;

	if (!size || (addr | size | offset) & QDA_DSP_PAGE_MASK ||
	    addr < BANK_FIRST_ADDR || size > BANK_SIZE ||
	    addr - BANK_FIRST_ADDR > BANK_SIZE - size)
		return -EINVAL;
	err = check_memory(fd, offset, size);
	if (err)
		return err;
	at = find_above(bank, addr);
	if (at < bank->num_maps && bank->maps[at].addr < addr + size)
		return -EEXIST;
	if (bank->num_maps == BANK_MAX_MAPPINGS)
		return -ENOSPC;
	if (bank->num_maps == bank->max_maps) {
		max = bank->max_maps ? 2 * bank->max_maps : 16;
		maps = realloc(bank->maps, max * sizeof(*maps));
		if (!maps)
			return -ENOMEM;
		bank->maps = maps;
		bank->max_maps = max;
	}
	memmove(&bank->maps[at + 1], &bank->maps[at],
		(bank->num_maps - at) * sizeof(*bank->maps));
	bank->maps[at] = (struct mapping){ addr, size, offset, fd, false };
	bank->num_maps++;
	return 0;
}

struct mapping *bank_find_map(const struct bank *bank, uint64_t addr, uint64_t size)
{
	size_t at = find_above(bank, addr);

	if (at == bank->num_maps || bank->maps[at].addr != addr ||
	    bank->maps[at].size != size)
		return NULL;
	return &bank->maps[at];
}

int bank_unmap(struct bank *bank, uint64_t addr, uint64_t size)
{
	const struct mapping *map = bank_find_map(bank, addr, size);
	size_t at;

	if (!map)
		return -EINVAL;
	at = (size_t)(map - bank->maps);
	close(map->fd);
	bank->num_maps--;
	memmove(&bank->maps[at], &bank->maps[at + 1],
		(bank->num_maps - at) * sizeof(*bank->maps));
	return 0;
}

/* pread() and pwrite() cannot fault; a dma-buf has neither */
static bool copy(const struct mapping *map, uint64_t offset, void *buf, size_t len,
		 bool write)
{
	uint64_t from = map->offset + offset, page;
	ssize_t n;
	char *p;

	while (len) {
		n = write ? pwrite(map->fd, buf, len, (off_t)from) :
			    pread(map->fd, buf, len, (off_t)from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf = (char *)buf + n;
		from += (uint64_t)n;
		len -= (size_t)n;
	}
	if (!len)
		return true;
	if (fcntl(map->fd, F_GET_SEALS) >= 0)
		return false;
	page = from & ~QDA_DSP_PAGE_MASK;
	p = mmap(NULL, len + (from - page), PROT_READ | PROT_WRITE, MAP_SHARED, map->fd,
		 (off_t)page);
	if (p == MAP_FAILED)
		return false;
	if (write)
		memcpy(p + (from - page), buf, len);
	else
		memcpy(buf, p + (from - page), len);
	munmap(p, len + (from - page));
	return true;
}

bool bank_covers(const struct bank *bank, uint64_t addr, uint64_t size)
{
	size_t at = find_above(bank, addr);
	uint64_t end = addr + size;

	if (device_used())
		return device_covers(bank->sid, addr, size);
	while (addr < end) {
		if (at == bank->num_maps || bank->maps[at].addr > addr)
			return false;
		addr = bank->maps[at].addr + bank->maps[at].size;
		at++;
	}
	return true;
}

static bool access_bank(const struct bank *bank, uint64_t addr, void *buf, size_t len,
			bool write)
{
	size_t at = find_above(bank, addr), n;

	if (!bank_covers(bank, addr, len))
		return false;
	for (; len; at++) {
		const struct mapping *map = &bank->maps[at];
		uint64_t offset = addr - map->addr;

		n = len < map->size - offset ? len : (size_t)(map->size - offset);
		if (!copy(map, offset, buf, n, write))
			return false;
		buf = (char *)buf + n;
		addr += n;
		len -= n;
	}
	return true;
}

bool bank_read(const struct bank *bank, uint64_t addr, void *buf, size_t len)
{
	if (device_used())
		return device_read(bank->sid, addr, buf, len);
	return access_bank(bank, addr, buf, len, false);
}

bool bank_write(const struct bank *bank, uint64_t addr, const void *buf, size_t len)
{
	if (device_used())
		return device_write(bank->sid, addr, buf, len);
	return access_bank(bank, addr, (void *)(uintptr_t)buf, len, true);
}
