#!/bin/sh
# SPDX-License-Identifier: MIT
# Take a check out of the soft device: a named conformance case must fail, which
# passes with the check in place. Works on a copy; the tree is only read.
# usage: mutate.sh SOURCE-ROOT BUILD-DIR
set -eu

src=$1
build=$2
cc=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

export DSP_LIBRARY_PATH="$build/dsp"
export QDA_SOFTDSP="$build/dsp/qda-softdsp"
unset QDA_UAPI_DEVICE QDA_UAPI_RESULTS

# what it checks | suite | case | file | how sed takes it out
list_checks() {
	cat <<'END'
query flags are zero|query|bad-flags|kernel/qda/qda_check.c|s/if (q->flags)/if (0)/
nothing hides behind a name's NUL|attach|bad-static-name-tail|kernel/qda/qda_check.c|s/!memchr_inv(name + len, 0, DRM_QDA_NAME_LEN - len)/1/
attributes that grant power need privilege|create|unprivileged-debug|kernel/qda/qda_check.c|s/if (a->attrs & QDA_PD_ATTR_POWER)/if (0)/
remote handle 1 is the kernel's|invoke|bad-handle-init|kernel/qda/qda_check.c|s/if (a->handle == DRM_QDA_HANDLE_INIT)/if (0)/
a range does not wrap|invoke|bad-in-offset-wrap|kernel/qda/qda_check.c|s/offset <= size && length <= size - offset/offset + length <= size/
an address agrees with its offset|invoke|bad-in-address|kernel/qda/qda_check.c|s/((arg->address ^ arg->offset) & QDA_DSP_PAGE_MASK)/0/
a dsp_id is unique|map|dsp-id|lib/soft/map.c|s/if (a->dsp_id && map_by_dsp_id(file, a->dsp_id))/if (0)/
a reply's sequence number is its call's|reply|wrong-sequence|lib/soft/call.c|s/call->ctx != reply.ctx/0/
calls in flight are limited|limits|option|lib/soft/invoke.c|s/file->in_flight < file->limit/file->in_flight < SLOTS_USER/
the DSP ends delayed mappings only|map|fdlist-other-types|lib/soft/map.c|s/map && map->type == DRM_QDA_MAP_FD_DELAYED/map/
a ticket whose end is an event is not waited for|wait|event-ticket|lib/soft/invoke.c|s/if (call->event)/if (0)/
a session has no more memory than its limit|memory|limit|kernel/qda/qda_check.c|s/held > limit || size > limit - held ? -EDQUOT : 0/0/
a memory limit is never raised|memory|limit-lower|kernel/qda/qda_check.c|s/limit && value > limit/0/
unread events of the status are bounded|status|bound|lib/soft/event.c|s/file->status_unread >= DRM_QDA_MAX_STATUS_EVENTS/0/
a status is for the client it names|status|client-unknown|lib/soft/event.c|s/reply->client_id != file->sid/0/
that it is gone is not the DSP's to say|status|restart-said|kernel/qda/qda_pack.c|s/le32_to_cpu(notif.status) > DRM_QDA_PD_STATUS_EXCEPTION/0/
a private mapping is refused|gem|mmap-bad|lib/soft/gem.c|s/(flags & MAP_TYPE) != MAP_PRIVATE/1/
END
}

compile() {
	# shellcheck disable=SC2086
	$cc $cflags -c "$1" -o "$2"
}

# the soft device, all of it, without any optimisation: it is built once
mkdir -p "$dir/dsp" "$dir/obj"
cp -r "$src/lib" "$src/kernel" "$src/include" "$dir"
cp "$src"/dsp/*.h "$src"/dsp/sockpath.c "$dir/dsp"
cflags="-O0 -fPIC -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -fno-strict-aliasing
	-fvisibility=hidden -DQDA_SOFTDSP_PATH=\"none\"
	-I$dir/lib/soft -I$dir/lib/soft/compat -I$dir/include/uapi -I$dir/lib
	-I$dir/kernel -I$dir $(pkg-config --cflags-only-I libdrm)"
for file in "$dir"/lib/soft/*.c "$dir"/kernel/qda/qda_check.c "$dir"/kernel/qda/qda_pack.c \
	"$dir"/dsp/sockpath.c; do
	compile "$file" "$dir/obj/$(basename "$file" .c).o" &
done
wait

# run_case SUITE CASE OBJECTS...; its output is in $dir/out
run_case() {
	suite=$1
	name=$2
	shift 2
	$cc -shared -o "$dir/libqda-soft.so" "$@" -pthread
	QDA_SOFT_LIBRARY="$dir/libqda-soft.so" QDA_UAPI_FILTER="$name" \
		timeout 60 "$build/tests/uapi/uapi-$suite" >"$dir/out" 2>&1
}

failed=0
list_checks >"$dir/list"
while IFS='|' read -r what suite name file edit; do
	object="$dir/obj/$(basename "$file" .c).o"

	if ! run_case "$suite" "$name" "$dir"/obj/*.o ||
	   ! grep -q 'PASSED.* 1 test' "$dir/out"; then
		echo "not ok: $suite/$name does not pass as it is ($what)"
		cat "$dir/out"
		failed=1
		continue
	fi
	cp "$dir/$file" "$dir/saved.c"
	cp "$object" "$dir/saved.o"
	sed "$edit" "$dir/saved.c" >"$dir/$file"
	if cmp -s "$dir/saved.c" "$dir/$file"; then
		echo "not ok: $file has no such check any more ($what)"
		failed=1
	else
		compile "$dir/$file" "$object"
		if run_case "$suite" "$name" "$dir"/obj/*.o; then
			echo "not ok: $suite/$name passes without the check ($what)"
			failed=1
		elif ! grep -q "FAILED.* $name" "$dir/out"; then
			echo "not ok: $suite/$name did not get as far as failing ($what)"
			cat "$dir/out"
			failed=1
		else
			echo "ok: $what: $suite/$name"
		fi
	fi
	cp "$dir/saved.c" "$dir/$file"
	cp "$dir/saved.o" "$object"
done <"$dir/list"
exit $failed
