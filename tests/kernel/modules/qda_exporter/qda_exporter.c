// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dma-buf exporter that is told what to do wrong, see qda_exporter.h. It follows the
 * rules where the script is silent, so that a report is the importer's fault.
 */
#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "qda_exporter.h"

/**
 * struct exporter_buffer - a dma-buf
 * @ops: what it can, by its flags
 * @script: how it was made; the errors change
 * @mem: physically contiguous, moves under the reservation lock
 * @pins: under the reservation lock
 * @mappings: struct exporter_mapping, under the reservation lock
 */
struct exporter_buffer {
	struct dma_buf_ops ops;
	struct qda_exporter_create script;
	void *mem;
	unsigned int pins;
	struct list_head mappings;
};

/**
 * struct exporter_mapping - what an importer was given
 * @node: in &exporter_buffer.mappings
 * @shown: the table
 * @dev: the importer's
 * @addr: of the memory, unless that is fake
 * @dir: direction
 */
struct exporter_mapping {
	struct list_head node;
	struct sg_table shown;
	struct device *dev;
	dma_addr_t addr;
	enum dma_data_direction dir;
};

static atomic_t buffers, attached, mapped, pinned, vmapped;
static atomic64_t attaches, maps, refused, moves;

static size_t exporter_bytes(const struct exporter_buffer *buf)
{
	return (size_t)buf->script.num_pages << PAGE_SHIFT;
}

static int exporter_refuse(int err)
{
	atomic64_inc(&refused);
	return err;
}

/* --- what an importer calls ----------------------------------------------- */

static int exporter_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct exporter_buffer *buf = dmabuf->priv;
	int err = READ_ONCE(buf->script.attach_error);

	if (err)
		return exporter_refuse(err);
	atomic_inc(&attached);
	atomic64_inc(&attaches);
	return 0;
}

static void exporter_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	atomic_dec(&attached);
}

static int exporter_pin(struct dma_buf_attachment *attach)
{
	struct exporter_buffer *buf = attach->dmabuf->priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	buf->pins++;
	atomic_inc(&pinned);
	return 0;
}

static void exporter_unpin(struct dma_buf_attachment *attach)
{
	struct exporter_buffer *buf = attach->dmabuf->priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	buf->pins--;
	atomic_dec(&pinned);
}

static int exporter_show(struct exporter_mapping *map, const struct exporter_buffer *buf)
{
	const struct qda_exporter_create *script = &buf->script;
	struct scatterlist *sg;
	unsigned int i;
	int err;

	err = sg_alloc_table(&map->shown, script->num_segments, GFP_KERNEL);
	if (err)
		return err;
	for_each_sgtable_dma_sg(&map->shown, sg, i) {
		const struct qda_exporter_segment *segment = &script->segments[i];

		sg_set_page(sg, virt_to_page(buf->mem + segment->offset),
			    segment->length, offset_in_page(segment->offset));
		sg_dma_address(sg) = map->addr + segment->offset;
		sg_dma_len(sg) = segment->length;
	}
	return 0;
}

static struct sg_table *exporter_map(struct dma_buf_attachment *attach,
				     enum dma_data_direction dir)
{
	struct exporter_buffer *buf = attach->dmabuf->priv;
	struct exporter_mapping *map;
	int err = READ_ONCE(buf->script.map_error);

	dma_resv_assert_held(attach->dmabuf->resv);
	if (err || buf->script.flags & QDA_EXPORTER_NO_TABLE)
		return err ? ERR_PTR(exporter_refuse(err)) : NULL;
	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dev = attach->dev;
	map->dir = dir;
	map->addr = buf->script.fake_addr;
	if (!map->addr) {
		map->addr = dma_map_single(map->dev, buf->mem, exporter_bytes(buf), dir);
		err = dma_mapping_error(map->dev, map->addr);
		if (err)
			goto free;
	}
	err = exporter_show(map, buf);
	if (err)
		goto unmap;
	list_add(&map->node, &buf->mappings);
	atomic_inc(&mapped);
	atomic64_inc(&maps);
	return &map->shown;

unmap:
	if (!buf->script.fake_addr)
		dma_unmap_single(map->dev, map->addr, exporter_bytes(buf), dir);
free:
	kfree(map);
	return ERR_PTR(err);
}

static void exporter_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			   enum dma_data_direction dir)
{
	struct exporter_buffer *buf = attach->dmabuf->priv;
	struct exporter_mapping *map = container_of(sgt, struct exporter_mapping, shown);

	dma_resv_assert_held(attach->dmabuf->resv);
	list_del(&map->node);
	sg_free_table(&map->shown);
	if (!buf->script.fake_addr)
		dma_unmap_single(map->dev, map->addr, exporter_bytes(buf), dir);
	kfree(map);
	atomic_dec(&mapped);
}

static int exporter_sync(struct dma_buf *dmabuf, bool for_cpu)
{
	struct exporter_buffer *buf = dmabuf->priv;
	struct exporter_mapping *map;

	if (buf->script.fake_addr)
		return 0;
	dma_resv_lock(dmabuf->resv, NULL);
	list_for_each_entry(map, &buf->mappings, node) {
		if (for_cpu)
			dma_sync_single_for_cpu(map->dev, map->addr,
						exporter_bytes(buf), map->dir);
		else
			dma_sync_single_for_device(map->dev, map->addr,
						   exporter_bytes(buf), map->dir);
	}
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int exporter_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	return exporter_sync(dmabuf, true);
}

static int exporter_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	return exporter_sync(dmabuf, false);
}

static vm_fault_t exporter_fault(struct vm_fault *vmf)
{
	struct dma_buf *dmabuf = vmf->vma->vm_private_data;
	struct exporter_buffer *buf = dmabuf->priv;

	if (vmf->pgoff >= buf->script.num_pages)
		return VM_FAULT_SIGBUS;
	dma_resv_lock(dmabuf->resv, NULL);
	vmf->page = virt_to_page(buf->mem + (vmf->pgoff << PAGE_SHIFT));
	get_page(vmf->page);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static const struct vm_operations_struct exporter_vm_ops = {
	.fault = exporter_fault,
};

static int exporter_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	/* the mapping has a reference to the file, and that one to the dma-buf */
	vma->vm_private_data = dmabuf;
	vma->vm_ops = &exporter_vm_ops;
	return 0;
}

static int exporter_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct exporter_buffer *buf = dmabuf->priv;

	iosys_map_set_vaddr(map, buf->mem);
	atomic_inc(&vmapped);
	return 0;
}

static void exporter_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	atomic_dec(&vmapped);
}

static void exporter_free(struct exporter_buffer *buf)
{
	free_pages_exact(buf->mem, exporter_bytes(buf));
	kfree(buf);
	atomic_dec(&buffers);
}

static void exporter_release(struct dma_buf *dmabuf)
{
	exporter_free(dmabuf->priv);
}

/* --- what a test calls ---------------------------------------------------- */

static bool exporter_error_ok(s32 err)
{
	return err <= 0 && err >= -MAX_ERRNO;
}

static int exporter_check(struct qda_exporter_create *script)
{
	u64 bytes = (u64)script->num_pages << PAGE_SHIFT;
	u32 flags = QDA_EXPORTER_NO_MMAP | QDA_EXPORTER_NO_VMAP | QDA_EXPORTER_MOVES |
		    QDA_EXPORTER_NO_TABLE;
	unsigned int i;

	if (!script->num_pages || script->num_pages > QDA_EXPORTER_MAX_PAGES ||
	    script->flags & ~flags || script->size > SIZE_MAX ||
	    script->num_segments > QDA_EXPORTER_MAX_SEGMENTS ||
	    !exporter_error_ok(script->attach_error) ||
	    !exporter_error_ok(script->map_error))
		return -EINVAL;
	for (i = 0; i < script->num_segments; i++) {
		const struct qda_exporter_segment *segment = &script->segments[i];

		if (!segment->length || segment->offset >= bytes ||
		    segment->length > bytes - segment->offset)
			return -EINVAL;
	}
	if (!script->num_segments) {
		script->num_segments = 1;
		script->segments[0] = (struct qda_exporter_segment){ 0, bytes };
	}
	return 0;
}

static void exporter_fill_ops(struct dma_buf_ops *ops, u32 flags)
{
	ops->attach = exporter_attach;
	ops->detach = exporter_detach;
	ops->map_dma_buf = exporter_map;
	ops->unmap_dma_buf = exporter_unmap;
	ops->release = exporter_release;
	ops->begin_cpu_access = exporter_begin_cpu_access;
	ops->end_cpu_access = exporter_end_cpu_access;
	if (flags & QDA_EXPORTER_MOVES) {
		ops->pin = exporter_pin;
		ops->unpin = exporter_unpin;
	}
	if (!(flags & QDA_EXPORTER_NO_MMAP))
		ops->mmap = exporter_mmap;
	if (!(flags & QDA_EXPORTER_NO_VMAP)) {
		ops->vmap = exporter_vmap;
		ops->vunmap = exporter_vunmap;
	}
}

static struct dma_buf *exporter_export(const struct qda_exporter_create *script)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct exporter_buffer *buf;
	struct dma_buf *dmabuf;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->script = *script;
	INIT_LIST_HEAD(&buf->mappings);
	exporter_fill_ops(&buf->ops, script->flags);
	buf->mem = alloc_pages_exact(exporter_bytes(buf), GFP_KERNEL | __GFP_ZERO);
	if (!buf->mem) {
		kfree(buf);
		return ERR_PTR(-ENOMEM);
	}
	atomic_inc(&buffers);
	info.ops = &buf->ops;
	info.size = script->size;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		exporter_free(buf);
	return dmabuf;
}

static int exporter_create(void __user *user)
{
	struct qda_exporter_create script;
	struct dma_buf *dmabuf;
	int fd, err;

	if (copy_from_user(&script, user, sizeof(script)))
		return -EFAULT;
	err = exporter_check(&script);
	if (err)
		return err;
	dmabuf = exporter_export(&script);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dmabuf);
		return fd;
	}
	if (put_user(fd, &((struct qda_exporter_create __user *)user)->fd)) {
		put_unused_fd(fd);
		dma_buf_put(dmabuf);
		return -EFAULT;
	}
	fd_install(fd, dmabuf->file);
	return 0;
}

/* One of ours, with a reference */
static struct dma_buf *exporter_get(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf) || dmabuf->ops->release == exporter_release)
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

static int exporter_script(void __user *user)
{
	struct qda_exporter_script script;
	struct exporter_buffer *buf;
	struct dma_buf *dmabuf;

	if (copy_from_user(&script, user, sizeof(script)))
		return -EFAULT;
	if (script.pad || !exporter_error_ok(script.attach_error) ||
	    !exporter_error_ok(script.map_error))
		return -EINVAL;
	dmabuf = exporter_get(script.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	buf = dmabuf->priv;
	WRITE_ONCE(buf->script.attach_error, script.attach_error);
	WRITE_ONCE(buf->script.map_error, script.map_error);
	dma_buf_put(dmabuf);
	return 0;
}

static int exporter_counts(void __user *user)
{
	struct qda_exporter_counts counts = {
		.buffers = atomic_read(&buffers),
		.attached = atomic_read(&attached),
		.mapped = atomic_read(&mapped),
		.pinned = atomic_read(&pinned),
		.vmapped = atomic_read(&vmapped),
		.attaches = atomic64_read(&attaches),
		.maps = atomic64_read(&maps),
		.refused = atomic64_read(&refused),
		.moves = atomic64_read(&moves),
	};

	return copy_to_user(user, &counts, sizeof(counts)) ? -EFAULT : 0;
}

static int exporter_move(void __user *user)
{
	struct exporter_buffer *buf;
	struct dma_buf *dmabuf;
	void *mem, *old = NULL;
	int fd, err = 0;
	size_t bytes;

	if (get_user(fd, (int __user *)user))
		return -EFAULT;
	dmabuf = exporter_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	buf = dmabuf->priv;
	bytes = exporter_bytes(buf);
	mem = alloc_pages_exact(bytes, GFP_KERNEL | __GFP_ZERO);
	if (!mem) {
		dma_buf_put(dmabuf);
		return -ENOMEM;
	}
	dma_resv_lock(dmabuf->resv, NULL);
	if (!(buf->script.flags & QDA_EXPORTER_MOVES)) {
		err = -EPERM;
	} else if (buf->pins || !list_empty(&buf->mappings)) {
		err = -EBUSY;
	} else {
		/* nobody has a mapping who would have to be told */
		unmap_mapping_range(dmabuf->file->f_mapping, 0, 0, 1);
		memcpy(mem, buf->mem, bytes);
		old = buf->mem;
		buf->mem = mem;
		atomic64_inc(&moves);
	}
	dma_resv_unlock(dmabuf->resv);
	free_pages_exact(err ? mem : old, bytes);
	dma_buf_put(dmabuf);
	return err;
}

static long exporter_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case QDA_EXPORTER_IOC_CREATE:
		return exporter_create(user);
	case QDA_EXPORTER_IOC_SCRIPT:
		return exporter_script(user);
	case QDA_EXPORTER_IOC_COUNTS:
		return exporter_counts(user);
	case QDA_EXPORTER_IOC_MOVE:
		return exporter_move(user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations exporter_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = exporter_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice exporter_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "qda-exporter",
	.fops = &exporter_fops,
	.mode = 0600,
};
module_misc_device(exporter_misc);

MODULE_DESCRIPTION("dma-bufs that fail as a test wants");
MODULE_LICENSE("GPL");
/* MODULE_IMPORT_NS() before and since Linux 6.13 */
MODULE_INFO(import_ns, "DMA_BUF");
