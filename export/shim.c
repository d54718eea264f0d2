/* The entry points: each refuses to enter Go in a forked child, where Go's runtime has lost its threads and hangs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "shim.h"

int pcyi_forked;

static void after_fork_in_child(void) { pcyi_forked = 1; }

__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(NULL, NULL, after_fork_in_child); }

static int32_t refuse(pcy_error *err) {
  if (err) {
    err->code = PCY_FORKED;
    err->rank = -1;
    err->op = NULL;
    err->message = strdup(
        "pycylon was loaded before this process was forked and can't be used here: start workers with the 'spawn' or "
        "'forkserver' method of multiprocessing, or first use pycylon after the fork");
  }
  return PCY_FORKED;
}

int32_t pcy_abi_version(void) { return PCY_ABI_VERSION; }

const char *pcy_version(void) { return pcyi_forked ? NULL : goVersion(); }

const char *pcy_code_name(int32_t code) { return pcyi_forked ? NULL : goCodeName(code); }

void pcy_error_clear(pcy_error *err) {
  free(err->op);
  free(err->message);
  memset(err, 0, sizeof *err);
}

void pcy_string_free(char *string) { free(string); }

int32_t pcy_configure(const char *json, size_t n, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goConfigure((char *)json, n, err);
}

int32_t pcy_env_open(const char *json, size_t n, pcy_handle *op, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goEnvOpen((char *)json, n, op, err);
}

int32_t pcy_env_describe(pcy_handle env, char **json, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goEnvDescribe(env, json, err);
}

int32_t pcy_table_import(struct ArrowArrayStream *stream, int32_t copy, pcy_handle *table, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goTableImport(stream, copy, table, err);
}

int32_t pcy_table_export(pcy_handle table, struct ArrowArrayStream *stream, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goTableExport(table, stream, err);
}

int32_t pcy_table_info(pcy_handle table, char **json, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goTableInfo(table, json, err);
}

int32_t pcy_table_bytes(pcy_handle table, int64_t *bytes, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goTableBytes(table, bytes, err);
}

int32_t pcy_start(pcy_handle env, const char *json, size_t n, const pcy_handle *tables, int32_t ntables,
                  const char *site, pcy_handle *op, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goStart(env, (char *)json, n, (pcy_handle *)tables, ntables, (char *)site, op, err);
}

int32_t pcy_collective(pcy_handle env, const char *json, size_t n, const void *data, size_t len, pcy_handle *op,
                       pcy_error *err) {
  return pcyi_forked ? refuse(err) : goCollective(env, (char *)json, n, (void *)data, len, op, err);
}

int32_t pcy_wait(pcy_handle op, int64_t timeout_ms, pcy_handle *result, char **info, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goWait(op, timeout_ms, result, info, err);
}

int32_t pcy_cancel(pcy_handle op) { return pcyi_forked ? PCY_FORKED : goCancel(op); }

int32_t pcy_message(pcy_handle messages, int32_t i, void *buffer, size_t n, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goMessage(messages, i, buffer, n, err);
}

int32_t pcy_service_start(const char *json, size_t n, pcy_handle *service, char **info, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goServiceStart((char *)json, n, service, info, err);
}

int32_t pcy_events(pcy_handle env, char **lines, pcy_error *err) {
  return pcyi_forked ? refuse(err) : goEvents(env, lines, err);
}

int32_t pcy_free(pcy_handle handle) { return pcyi_forked ? PCY_FORKED : goFree(handle); }

void pcy_shutdown(void) {
  if (!pcyi_forked) goShutdown();
}

void pcy_stream_capsule_free(void *capsule) {
  int (*is_valid)(void *, const char *) = (int (*)(void *, const char *))dlsym(RTLD_DEFAULT, "PyCapsule_IsValid");
  void *(*get)(void *, const char *) = (void *(*)(void *, const char *))dlsym(RTLD_DEFAULT, "PyCapsule_GetPointer");
  void (*raw_free)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "PyMem_RawFree");
  if (!is_valid || !get || !raw_free || !is_valid(capsule, "arrow_array_stream")) return;
  struct ArrowArrayStream *stream = get(capsule, "arrow_array_stream");
  if (stream->release) stream->release(stream);
  raw_free(stream);
}
