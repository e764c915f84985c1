// SPDX-License-Identifier: MIT
/*
 * The uapi structs, frozen: the same for 32 and 64 bit callers, multiples of 8 bytes,
 * no implicit padding. A struct may only grow, at its end.
 */
#include <stddef.h>

#include <drm/qda_accel.h>

#define SAME(a, b) _Static_assert((a) == (b), #a " must stay " #b)
#define STRUCT(s, size) SAME(sizeof(struct s), size); SAME(sizeof(struct s) % 8, 0)
/* off is also the end of the field before: no hole is possible */
#define FIELD(s, f, off, size) \
	SAME(offsetof(struct s, f), off); SAME(sizeof(((struct s *)0)->f), size)

STRUCT(drm_qda_query, 56);
FIELD(drm_qda_query, type, 0, 4);
FIELD(drm_qda_query, index, 4, 4);
FIELD(drm_qda_query, flags, 8, 4);
FIELD(drm_qda_query, status, 12, 4);
FIELD(drm_qda_query, value, 16, 8);
FIELD(drm_qda_query, name, 24, 32);

STRUCT(drm_qda_gem_create, 16);
FIELD(drm_qda_gem_create, size, 0, 8);
FIELD(drm_qda_gem_create, handle, 8, 4);
FIELD(drm_qda_gem_create, flags, 12, 4);

STRUCT(drm_qda_gem_mmap_offset, 16);
FIELD(drm_qda_gem_mmap_offset, offset, 0, 8);
FIELD(drm_qda_gem_mmap_offset, handle, 8, 4);
FIELD(drm_qda_gem_mmap_offset, pad, 12, 4);

STRUCT(drm_qda_session_attach, 48);
FIELD(drm_qda_session_attach, pd, 0, 4);
FIELD(drm_qda_session_attach, flags, 4, 4);
FIELD(drm_qda_session_attach, name, 8, 32);
FIELD(drm_qda_session_attach, status, 40, 4);
FIELD(drm_qda_session_attach, pad, 44, 4);

STRUCT(drm_qda_remote_session_create, 40);
FIELD(drm_qda_remote_session_create, offset, 0, 8);
FIELD(drm_qda_remote_session_create, handle, 8, 4);
FIELD(drm_qda_remote_session_create, length, 12, 4);
FIELD(drm_qda_remote_session_create, siglen, 16, 4);
FIELD(drm_qda_remote_session_create, attrs, 20, 4);
FIELD(drm_qda_remote_session_create, init_mem_size, 24, 8);
FIELD(drm_qda_remote_session_create, flags, 32, 4);
FIELD(drm_qda_remote_session_create, status, 36, 4);

STRUCT(drm_qda_remote_map, 56);
FIELD(drm_qda_remote_map, offset, 0, 8);
FIELD(drm_qda_remote_map, length, 8, 8);
FIELD(drm_qda_remote_map, addr_hint, 16, 8);
FIELD(drm_qda_remote_map, dsp_addr, 24, 8);
FIELD(drm_qda_remote_map, handle, 32, 4);
FIELD(drm_qda_remote_map, type, 36, 4);
FIELD(drm_qda_remote_map, flags, 40, 4);
FIELD(drm_qda_remote_map, dsp_id, 44, 4);
FIELD(drm_qda_remote_map, map_id, 48, 4);
FIELD(drm_qda_remote_map, status, 52, 4);

STRUCT(drm_qda_remote_munmap, 16);
FIELD(drm_qda_remote_munmap, map_id, 0, 4);
FIELD(drm_qda_remote_munmap, flags, 4, 4);
FIELD(drm_qda_remote_munmap, status, 8, 4);
FIELD(drm_qda_remote_munmap, pad, 12, 4);

STRUCT(drm_qda_arg, 40);
FIELD(drm_qda_arg, offset, 0, 8);
FIELD(drm_qda_arg, length, 8, 8);
FIELD(drm_qda_arg, address, 16, 8);
FIELD(drm_qda_arg, handle, 24, 4);
FIELD(drm_qda_arg, flags, 28, 4);
FIELD(drm_qda_arg, dsp_id, 32, 4);
FIELD(drm_qda_arg, pad, 36, 4);

STRUCT(drm_qda_remote_invoke, 48);
FIELD(drm_qda_remote_invoke, args, 0, 8);
FIELD(drm_qda_remote_invoke, num_args, 8, 4);
FIELD(drm_qda_remote_invoke, stride, 12, 4);
FIELD(drm_qda_remote_invoke, handle, 16, 4);
FIELD(drm_qda_remote_invoke, scalars, 20, 4);
FIELD(drm_qda_remote_invoke, flags, 24, 4);
FIELD(drm_qda_remote_invoke, status, 28, 4);
FIELD(drm_qda_remote_invoke, ticket, 32, 8);
FIELD(drm_qda_remote_invoke, user_data, 40, 8);

STRUCT(drm_qda_remote_wait, 24);
FIELD(drm_qda_remote_wait, ticket, 0, 8);
FIELD(drm_qda_remote_wait, deadline, 8, 8);
FIELD(drm_qda_remote_wait, flags, 16, 4);
FIELD(drm_qda_remote_wait, status, 20, 4);

STRUCT(drm_qda_event_complete, 32);
FIELD(drm_qda_event_complete, base, 0, 8);
FIELD(drm_qda_event_complete, ticket, 8, 8);
FIELD(drm_qda_event_complete, user_data, 16, 8);
FIELD(drm_qda_event_complete, error, 24, 4);
FIELD(drm_qda_event_complete, status, 28, 4);

STRUCT(drm_qda_set_option, 16);
FIELD(drm_qda_set_option, option, 0, 4);
FIELD(drm_qda_set_option, flags, 4, 4);
FIELD(drm_qda_set_option, value, 8, 8);

STRUCT(drm_qda_remote_session_release, 8);
FIELD(drm_qda_remote_session_release, flags, 0, 4);
FIELD(drm_qda_remote_session_release, pad, 4, 4);

SAME(DRM_IOCTL_QDA_QUERY, 0xc0386440);
SAME(DRM_IOCTL_QDA_GEM_CREATE, 0xc0106441);
SAME(DRM_IOCTL_QDA_GEM_MMAP_OFFSET, 0xc0106442);
SAME(DRM_IOCTL_QDA_SESSION_ATTACH, 0xc0306443);
SAME(DRM_IOCTL_QDA_REMOTE_SESSION_CREATE, 0xc0286444);
SAME(DRM_IOCTL_QDA_REMOTE_MAP, 0xc0386445);
SAME(DRM_IOCTL_QDA_REMOTE_MUNMAP, 0xc0106446);
SAME(DRM_IOCTL_QDA_REMOTE_INVOKE, 0xc0306447);
SAME(DRM_IOCTL_QDA_REMOTE_WAIT, 0xc0186448);
SAME(DRM_IOCTL_QDA_SET_OPTION, 0xc0106449);
SAME(DRM_IOCTL_QDA_REMOTE_SESSION_RELEASE, 0xc008644a);
