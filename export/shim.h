/* What Go and the shim say to each other. */
#ifndef PCY_SHIM_H
#define PCY_SHIM_H

#include "pycylon.h"

/* Calls through the function pointers of a foreign stream or array, which Go can't. */
int pcyi_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out);
int pcyi_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out);
const char *pcyi_stream_error(struct ArrowArrayStream *stream);
void pcyi_stream_release(struct ArrowArrayStream *stream);
void pcyi_schema_release(struct ArrowSchema *schema);
void pcyi_array_release(struct ArrowArray *array);

/* Makes what pycylon lends out. The callbacks in them refuse to enter Go in a forked child. */
void pcyi_lend_stream(struct ArrowArrayStream *out, pcy_handle source);
int pcyi_lend_schema(struct ArrowSchema *out, const char *format, const char *name, int64_t flags, int64_t n_children,
                     int has_dictionary);
int pcyi_lend_array(struct ArrowArray *out, int64_t length, int64_t nulls, int64_t n_buffers, int64_t n_children,
                    int has_dictionary, pcy_handle owner);

#endif
