/* Arrow structures that pycylon lends to others, and calls through those lent to pycylon.
 *
 *   ArrowArray ── private_data ──▶ one allocation: { owner handle | buffers[] | children*[] | children[] | dictionary }
 *
 * A consumer may move a child out of its parent and release the two in any order and on any thread, so each has an
 * owner handle of its own. In a forked child the memory is a copy that ends with the process: release marks the
 * structure as released and does nothing else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "shim.h"

extern int pcyi_forked;

int pcyi_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  return stream->get_schema(stream, out);
}

int pcyi_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) { return stream->get_next(stream, out); }

const char *pcyi_stream_error(struct ArrowArrayStream *stream) {
  return stream->get_last_error ? stream->get_last_error(stream) : NULL;
}

void pcyi_stream_release(struct ArrowArrayStream *stream) {
  if (stream->release) stream->release(stream);
}

void pcyi_schema_release(struct ArrowSchema *schema) {
  if (schema->release) schema->release(schema);
}

void pcyi_array_release(struct ArrowArray *array) {
  if (array->release) array->release(array);
}

/* ---- schemas: C memory only, so they need no guard ---- */

static void release_schema(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    struct ArrowSchema *child = schema->children[i];
    if (child->release) child->release(child);
  }
  if (schema->dictionary && schema->dictionary->release) schema->dictionary->release(schema->dictionary);
  free((void *)schema->format);
  free((void *)schema->name);
  free(schema->private_data);
  schema->release = NULL;
}

int pcyi_lend_schema(struct ArrowSchema *out, const char *format, const char *name, int64_t flags, int64_t n_children,
                     int has_dictionary) {
  memset(out, 0, sizeof *out);
  size_t structs = (size_t)n_children + (has_dictionary ? 1 : 0);
  char *block = calloc(1, (size_t)n_children * sizeof(struct ArrowSchema *) + structs * sizeof(struct ArrowSchema) + 1);
  out->format = strdup(format);
  out->name = strdup(name);
  if (!block || !out->format || !out->name) {
    free(block);
    free((void *)out->format);
    free((void *)out->name);
    memset(out, 0, sizeof *out);
    return ENOMEM;
  }
  out->children = (struct ArrowSchema **)block;
  struct ArrowSchema *children = (struct ArrowSchema *)(out->children + n_children);
  for (int64_t i = 0; i < n_children; i++) out->children[i] = &children[i];
  if (has_dictionary) out->dictionary = &children[n_children];
  out->flags = flags;
  out->n_children = n_children;
  out->private_data = block;
  out->release = release_schema;
  return 0;
}

/* ---- arrays ---- */

struct lent_array {
  pcy_handle owner;
  void *slots[]; /* buffers, pointers to children, children, dictionary */
};

static void release_array(struct ArrowArray *array) {
  struct lent_array *lent = array->private_data;
  for (int64_t i = 0; i < array->n_children; i++) {
    struct ArrowArray *child = array->children[i];
    if (child->release) child->release(child);
  }
  if (array->dictionary && array->dictionary->release) array->dictionary->release(array->dictionary);
  array->release = NULL;
  if (pcyi_forked) return;
  if (lent->owner) goOwnerRelease(lent->owner);
  free(lent);
}

int pcyi_lend_array(struct ArrowArray *out, int64_t length, int64_t nulls, int64_t n_buffers, int64_t n_children,
                    int has_dictionary, pcy_handle owner) {
  memset(out, 0, sizeof *out);
  size_t pointers = (size_t)(n_buffers + n_children) * sizeof(void *);
  size_t structs = (size_t)n_children + (has_dictionary ? 1 : 0);
  struct lent_array *lent = calloc(1, sizeof *lent + pointers + structs * sizeof(struct ArrowArray));
  if (!lent) return ENOMEM;
  lent->owner = owner;
  out->length = length;
  out->null_count = nulls;
  out->n_buffers = n_buffers;
  out->n_children = n_children;
  out->buffers = (const void **)lent->slots;
  out->children = (struct ArrowArray **)(lent->slots + n_buffers);
  struct ArrowArray *children = (struct ArrowArray *)(lent->slots + n_buffers + n_children);
  for (int64_t i = 0; i < n_children; i++) out->children[i] = &children[i];
  if (has_dictionary) out->dictionary = &children[n_children];
  out->private_data = lent;
  out->release = release_array;
  return 0;
}

/* ---- streams ---- */

struct lent_stream {
  pcy_handle source;
  char *error;
};

static int refuse_stream(struct lent_stream *lent) {
  free(lent->error);
  lent->error = strdup("pycylon can't be used in a forked child");
  return EPERM;
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  struct lent_stream *lent = stream->private_data;
  if (pcyi_forked) return refuse_stream(lent);
  free(lent->error);
  lent->error = NULL;
  return goStreamSchema(lent->source, out, &lent->error);
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct lent_stream *lent = stream->private_data;
  if (pcyi_forked) return refuse_stream(lent);
  free(lent->error);
  lent->error = NULL;
  return goStreamNext(lent->source, out, &lent->error);
}

static const char *stream_error(struct ArrowArrayStream *stream) {
  return ((struct lent_stream *)stream->private_data)->error;
}

static void stream_release(struct ArrowArrayStream *stream) {
  struct lent_stream *lent = stream->private_data;
  stream->release = NULL;
  if (pcyi_forked) return;
  goOwnerRelease(lent->source);
  free(lent->error);
  free(lent);
}

void pcyi_lend_stream(struct ArrowArrayStream *out, pcy_handle source) {
  memset(out, 0, sizeof *out);
  struct lent_stream *lent = calloc(1, sizeof *lent);
  if (!lent) {
    goOwnerRelease(source);
    return;
  }
  lent->source = source;
  out->get_schema = stream_schema;
  out->get_next = stream_next;
  out->get_last_error = stream_error;
  out->release = stream_release;
  out->private_data = lent;
}
