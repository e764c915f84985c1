// SPDX-License-Identifier: MIT
/*
 * The layouts clients are compiled against, frozen: a struct with a size member may
 * grow at its end, in the version that adds the field; nothing else may change.
 */
#include <stddef.h>

#include <qda/qda.h>

#define SAME(a, b) _Static_assert((a) == (b), #a " must stay " #b)
#define STRUCT(s, size64, size32) SAME(sizeof(struct s), PICK(size64, size32))
#define FIELD(s, f, off64, off32, size64, size32) \
	SAME(offsetof(struct s, f), PICK(off64, off32)); \
	SAME(sizeof(((struct s *)0)->f), PICK(size64, size32))

#if defined(__LP64__)
#define PICK(for64, for32) for64
#elif defined(__i386__)
#define PICK(for64, for32) for32
#else
#error "add the layouts of this machine"
#endif

STRUCT(qda_ctx_opts, 32, 20);
FIELD(qda_ctx_opts, size, 0, 0, 8, 4);
FIELD(qda_ctx_opts, log, 8, 4, 8, 4);
FIELD(qda_ctx_opts, log_data, 16, 8, 8, 4);
FIELD(qda_ctx_opts, log_level, 24, 12, 4, 4);
FIELD(qda_ctx_opts, reserved, 28, 16, 4, 4);

STRUCT(qda_failure, 3088, 3084);
FIELD(qda_failure, size, 0, 0, 8, 4);
FIELD(qda_failure, status, 8, 4, 4, 4);
FIELD(qda_failure, reserved, 12, 8, 4, 4);
FIELD(qda_failure, message, 16, 12, 3072, 3072);

STRUCT(qda_session_opts, 112, 80);
FIELD(qda_session_opts, size, 0, 0, 8, 4);
FIELD(qda_session_opts, pd, 8, 4, 4, 4);
FIELD(qda_session_opts, signing, 12, 8, 4, 4);
FIELD(qda_session_opts, pd_name, 16, 12, 8, 4);
FIELD(qda_session_opts, shell, 24, 16, 8, 4);
FIELD(qda_session_opts, init_mem_size, 32, 20, 8, 8);
FIELD(qda_session_opts, attrs, 40, 28, 4, 4);
FIELD(qda_session_opts, max_in_flight, 44, 32, 4, 4);
FIELD(qda_session_opts, library_path, 48, 36, 8, 4);
FIELD(qda_session_opts, test_signature, 56, 40, 8, 4);
FIELD(qda_session_opts, read_dirs, 64, 44, 8, 4);
FIELD(qda_session_opts, write_dirs, 72, 48, 8, 4);
FIELD(qda_session_opts, listener, 80, 52, 4, 4);
FIELD(qda_session_opts, thread_priority, 84, 56, 4, 4);
FIELD(qda_session_opts, thread_stack, 88, 60, 4, 4);
FIELD(qda_session_opts, reserved, 92, 64, 4, 4);
FIELD(qda_session_opts, name, 96, 68, 8, 4);
FIELD(qda_session_opts, memory_limit, 104, 72, 8, 8);

STRUCT(qda_mapping_opts, 40, 36);
FIELD(qda_mapping_opts, size, 0, 0, 8, 4);
FIELD(qda_mapping_opts, type, 8, 4, 4, 4);
FIELD(qda_mapping_opts, dsp_id, 12, 8, 4, 4);
FIELD(qda_mapping_opts, offset, 16, 12, 8, 8);
FIELD(qda_mapping_opts, length, 24, 20, 8, 8);
FIELD(qda_mapping_opts, addr_hint, 32, 28, 8, 8);

STRUCT(qda_arg, 48, 40);
FIELD(qda_arg, kind, 0, 0, 4, 4);
FIELD(qda_arg, width, 4, 4, 4, 4);
FIELD(qda_arg, align, 8, 8, 4, 4);
FIELD(qda_arg, dsp_id, 12, 12, 4, 4);
FIELD(qda_arg, data, 16, 16, 8, 4);
FIELD(qda_arg, buffer, 24, 20, 8, 4);
FIELD(qda_arg, offset, 32, 24, 8, 8);
FIELD(qda_arg, count, 40, 32, 8, 8);

STRUCT(qda_session_memory, 32, 28);
FIELD(qda_session_memory, size, 0, 0, 8, 4);
FIELD(qda_session_memory, native, 8, 4, 8, 8);
FIELD(qda_session_memory, imported, 16, 12, 8, 8);
FIELD(qda_session_memory, limit, 24, 20, 8, 8);

STRUCT(qda_reverse_arg, 16, 8);
FIELD(qda_reverse_arg, data, 0, 0, 8, 4);
FIELD(qda_reverse_arg, size, 8, 4, 8, 4);

STRUCT(qda_reverse_call, 48, 28);
FIELD(qda_reverse_call, size, 0, 0, 8, 4);
FIELD(qda_reverse_call, method, 8, 4, 4, 4);
FIELD(qda_reverse_call, handle, 12, 8, 4, 4);
FIELD(qda_reverse_call, in, 16, 12, 8, 4);
FIELD(qda_reverse_call, num_in, 24, 16, 8, 4);
FIELD(qda_reverse_call, out, 32, 20, 8, 4);
FIELD(qda_reverse_call, num_out, 40, 24, 8, 4);

STRUCT(qda_running_call, 16, 12);
FIELD(qda_running_call, module, 0, 0, 8, 4);
FIELD(qda_running_call, handle, 8, 4, 4, 4);
FIELD(qda_running_call, method, 12, 8, 4, 4);

STRUCT(qda_session_event, 24, 16);
FIELD(qda_session_event, size, 0, 0, 8, 4);
FIELD(qda_session_event, kind, 8, 4, 4, 4);
FIELD(qda_session_event, num_running, 12, 8, 4, 4);
FIELD(qda_session_event, running, 16, 12, 8, 4);

STRUCT(qda_trace_event, 48, 36);
FIELD(qda_trace_event, size, 0, 0, 8, 4);
FIELD(qda_trace_event, kind, 8, 4, 4, 4);
FIELD(qda_trace_event, thread, 12, 8, 4, 4);
FIELD(qda_trace_event, listener, 16, 12, 4, 4);
FIELD(qda_trace_event, handle, 20, 16, 4, 4);
FIELD(qda_trace_event, scalars, 24, 20, 4, 4);
FIELD(qda_trace_event, error, 28, 24, 4, 4);
FIELD(qda_trace_event, status, 32, 28, 4, 4);
FIELD(qda_trace_event, text, 40, 32, 8, 4);

STRUCT(qda_dsp_message, 48, 28);
FIELD(qda_dsp_message, size, 0, 0, 8, 4);
FIELD(qda_dsp_message, level, 8, 4, 4, 4);
FIELD(qda_dsp_message, dsp, 16, 8, 8, 4);
FIELD(qda_dsp_message, file, 24, 12, 8, 4);
FIELD(qda_dsp_message, line, 32, 16, 4, 4);
FIELD(qda_dsp_message, thread, 36, 20, 4, 4);
FIELD(qda_dsp_message, text, 40, 24, 8, 4);
