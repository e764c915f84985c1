// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers. An object is memory; where the DSP sees it is a qda_bo_map, one per
 * session that has a handle to it. So an object shared between sessions has an
 * address of its own in each bank, and no address reaches another session's memory.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>

#include "qda_drv.h"

/* --- objects in banks ---------------------------------------------------- */

/**
 * qda_bo_map_find() - where a session has a buffer
 * @session: whose lock is held
 * @gem: buffer
 *
 * Return: the mapping, without a reference, or NULL.
 */
struct qda_bo_map *qda_bo_map_find(struct qda_session *session,
				   struct qda_gem *gem)
{
	struct qda_bo_map *map;

	lockdep_assert_held(&session->lock);
	hash_for_each_possible(session->bo_maps, map, node,
			       (unsigned long)gem)
		if (map->gem == gem)
			return map;
	return NULL;
}

/**
 * qda_bo_map_new() - map a buffer into the bank of a session
 * @session: holds a bank; its lock is held
 * @gem: buffer that is not in there yet
 * @imported: whether it counts as imported
 *
 * Return: the mapping with one reference, or -ENOSPC, -ENOMEM, or what an exporter
 * answers.
 */
struct qda_bo_map *qda_bo_map_new(struct qda_session *session,
				  struct qda_gem *gem, bool imported)
{
	struct qda_device *qdev = session->qdev;
	size_t size = gem->base.size;
	struct qda_bo_map *map;
	int err;

	lockdep_assert_held(&session->lock);
	if (size > BIT_ULL(qdev->bank_bits) - session->mapped)
		return ERR_PTR(-ENOSPC);

	map = kzalloc_obj(*map, GFP_KERNEL_ACCOUNT);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->session = session;
	map->gem = gem;
	map->imported = imported;
	map->refs = 1;
	err = gem->dmabuf ? qda_prime_map(map) : qdev->mem->map(map);
	if (err) {
		kfree(map);
		return ERR_PTR(err);
	}
	drm_gem_object_get(&gem->base);
	qda_mem_count(session, size, imported);
	hash_add(session->bo_maps, &map->node, (unsigned long)gem);
	return map;
}

static void qda_bo_map_free(struct qda_bo_map *map)
{
	struct qda_session *session = map->session;
	struct qda_gem *gem = map->gem;

	hash_del(&map->node);
	qda_mem_count(session, -(s64)gem->base.size, map->imported);
	if (gem->dmabuf)
		qda_prime_unmap(map);
	else
		session->qdev->mem->unmap(map);
	/* before its pages are anybody's again */
	qda_bank_flush(session->bank);
	kfree(map);
	drm_gem_object_put(&gem->base);
}

/**
 * qda_bo_map_put() - drop a reference
 * @map: mapping whose session's lock is held
 */
void qda_bo_map_put(struct qda_bo_map *map)
{
	lockdep_assert_held(&map->session->lock);
	if (!--map->refs)
		qda_bo_map_free(map);
}

/**
 * qda_bo_maps_bury() - take every buffer out of a bank that is given back
 * @session: whose lock is held. The only references left are those of handles,
 *	which are to memory only from now on
 */
void qda_bo_maps_bury(struct qda_session *session)
{
	struct qda_bo_map *map;
	struct hlist_node *tmp;
	unsigned int i;

	lockdep_assert_held(&session->lock);
	hash_for_each_safe(session->bo_maps, i, tmp, map, node)
		qda_bo_map_free(map);
}

/* --- GEM object functions ------------------------------------------------ */

/* A handle appears: the buffer gets its address in the file's bank */
static int qda_gem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_gem *gem = to_qda_gem(obj);
	bool imported = !gem->fresh;
	struct qda_bo_map *map;
	int err = 0;

	/* others know it from now on */
	gem->fresh = false;
	/* what ended calls have held is not in the way */
	if (READ_ONCE(session->mem_limit))
		qda_calls_reap(session);
	mutex_lock(&session->lock);
	map = qda_bo_map_find(session, gem);
	if (map) {
		map->refs++;
	} else if (READ_ONCE(session->qdev->lost)) {
		err = -ENODEV;
	} else if (session->state == QDA_SESSION_RELEASED) {
		/*
		 * It is memory only. Nothing maps it for a device, which would
		 * clean the CPU's caches: a write-combined mapping would see what
		 * the pages had in them before.
		 */
		if (!session->qdev->coherent && !READ_ONCE(gem->clean))
			err = -ECANCELED;
	} else {
		err = qda_mem_check_limit(session, obj->size);
		if (!err)
			err = qda_session_bank_get(session);
		if (!err) {
			map = qda_bo_map_new(session, gem, imported);
			err = PTR_ERR_OR_ZERO(map);
		}
	}
	mutex_unlock(&session->lock);
	return err;
}

static void qda_gem_close(struct drm_gem_object *obj, struct drm_file *file)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_bo_map *map;

	mutex_lock(&session->lock);
	map = qda_bo_map_find(session, to_qda_gem(obj));
	if (map)
		qda_bo_map_put(map);
	mutex_unlock(&session->lock);
}

static void qda_gem_free(struct drm_gem_object *obj)
{
	struct qda_device *qdev = to_qda_device(obj->dev);
	struct qda_gem *gem = to_qda_gem(obj);

	drm_gem_free_mmap_offset(obj);
	if (gem->dmabuf)
		dma_buf_put(gem->dmabuf);
	else
		qdev->mem->destroy(gem);
	drm_gem_object_release(obj);
	kfree(gem);
}

static struct sg_table *qda_gem_get_sg_table(struct drm_gem_object *obj)
{
	struct qda_gem *gem = to_qda_gem(obj);

	if (!gem->pages)
		return ERR_PTR(-EINVAL);
	return drm_prime_pages_to_sg(obj->dev, gem->pages,
				     obj->size >> PAGE_SHIFT);
}

static pgprot_t qda_gem_prot(struct drm_gem_object *obj, pgprot_t prot)
{
	return to_qda_device(obj->dev)->coherent ? prot :
						   pgprot_writecombine(prot);
}

static int qda_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct qda_gem *gem = to_qda_gem(obj);
	void *p;

	if (!gem->pages)
		return -EINVAL;
	p = vmap(gem->pages, obj->size >> PAGE_SHIFT, VM_MAP,
		 qda_gem_prot(obj, PAGE_KERNEL));
	if (!p)
		return -ENOMEM;
	iosys_map_set_vaddr(map, p);
	return 0;
}

static void qda_gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

/*
 * Pages live as long as the object, which the mapping references, and no register
 * of the DSP is involved: this goes on working when the DSP is gone.
 */
static vm_fault_t qda_gem_fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	struct qda_gem *gem = to_qda_gem(obj);

	if (vmf->pgoff >= obj->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      page_to_pfn(gem->pages[vmf->pgoff]));
}

static const struct vm_operations_struct qda_gem_vm_ops = {
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
	.fault = qda_gem_fault,
};

static int qda_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	/* its exporter maps it */
	if (to_qda_gem(obj)->dmabuf)
		return -EINVAL;
	/*
	 * A private mapping could part from what the DSP sees. VM_SHARED is not set
	 * for a shared mapping of a file that was opened for reading.
	 */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vma->vm_pgoff -= drm_vma_node_start(&obj->vma_node);
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = qda_gem_prot(obj, vm_get_page_prot(vma->vm_flags));
	return 0;
}

const struct drm_gem_object_funcs qda_gem_funcs = {
	.free = qda_gem_free,
	.open = qda_gem_open,
	.close = qda_gem_close,
	.get_sg_table = qda_gem_get_sg_table,
	.vmap = qda_gem_vmap,
	.vunmap = qda_gem_vunmap,
	.mmap = qda_gem_mmap,
	.vm_ops = &qda_gem_vm_ops,
};

/* --- ioctls -------------------------------------------------------------- */

/*
 * Before its pages are: what is refused has cost nothing. What several threads make at
 * once may pass here, and is refused when it gets its handle.
 */
static int qda_gem_check_limit(struct qda_session *session, size_t size)
{
	int err = 0;

	if (!READ_ONCE(session->mem_limit))
		return 0;
	qda_calls_reap(session);
	mutex_lock(&session->lock);
	/* what is made after the release does not count */
	if (!READ_ONCE(session->qdev->lost) &&
	    session->state != QDA_SESSION_RELEASED)
		err = qda_mem_check_limit(session, size);
	mutex_unlock(&session->lock);
	return err;
}

/**
 * qda_gem_create() - DRM_IOCTL_QDA_GEM_CREATE
 * @file: caller
 * @a: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_gem_create(struct drm_file *file, struct drm_qda_gem_create *a)
{
	struct qda_session *session = qda_file_session(file);
	struct qda_device *qdev = session->qdev;
	struct qda_gem *gem;
	u32 handle = 0;
	size_t size;
	int err;

	err = qda_check_gem_create(a);
	if (err)
		return err;
	size = PAGE_ALIGN(a->size);
	err = qda_gem_check_limit(session, size);
	if (err)
		return err;
	gem = qdev->mem->create(qdev, size);
	if (IS_ERR(gem))
		return PTR_ERR(gem);
	gem->fresh = true;
	/* maps it */
	err = drm_gem_handle_create(file, &gem->base, &handle);
	drm_gem_object_put(&gem->base);
	if (err)
		return err;
	a->size = size;
	a->handle = handle;
	return 0;
}

/**
 * qda_gem_mmap_offset() - DRM_IOCTL_QDA_GEM_MMAP_OFFSET
 * @file: caller
 * @a: private copy of its struct
 *
 * Return: see the uapi.
 */
int qda_gem_mmap_offset(struct drm_file *file,
			struct drm_qda_gem_mmap_offset *a)
{
	struct qda_gem *gem;
	int err;

	err = qda_check_gem_mmap_offset(a);
	if (err)
		return err;
	gem = qda_gem_lookup(file, a->handle);
	if (!gem)
		return -ENOENT;
	err = gem->dmabuf ? -EINVAL : drm_gem_create_mmap_offset(&gem->base);
	if (!err)
		a->offset = drm_vma_node_offset_addr(&gem->base.vma_node);
	drm_gem_object_put(&gem->base);
	return err;
}

/**
 * qda_gem_lookup() - the buffer behind a handle
 * @file: whose handle
 * @handle: handle
 *
 * Return: the buffer with a reference, or NULL.
 */
struct qda_gem *qda_gem_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);

	return obj ? to_qda_gem(obj) : NULL;
}

/**
 * qda_gem_same() - whether two objects are the same memory
 * @a: one
 * @b: another
 *
 * A buffer imported again after its last handle was closed, while the DSP still
 * has it, is a new object of the same dma-buf.
 *
 * Return: true if they are.
 */
bool qda_gem_same(const struct qda_gem *a, const struct qda_gem *b)
{
	return a == b || (a->dmabuf && a->dmabuf == b->dmabuf);
}
