// The CUDA driver API on the processor: device memory is host memory, and each call is done when it returns, but for
// copies, which are done as late as they may be (ordering.h).
//
// It is stricter than a card where that finds mistakes: fresh memory holds NaN, ranges must lie within one allocation,
// writes next to an allocation are found when it is freed, and a thread needs a current context. Streams, events, kernels
// and memory belong to one device each, and work of another device that touches them is refused.
#include "device.h"
#include "ordering.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#define API extern "C" __attribute__((visibility("default")))

__thread uint3 threadIdx, blockIdx, blockDim, gridDim;

namespace {

using Result = int;
using Pointer = unsigned long long;

enum : Result {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_CONTEXT = 201,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    CONTEXT_IS_DESTROYED = 709,
};

struct Error {
    Result code;
    const char *name, *text;
};
const Error errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {4, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
    {301, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {304, "CUDA_ERROR_OPERATING_SYSTEM", "OS call failed or operation not supported on this OS"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", "forward compatibility was attempted on non supported HW"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const Error *error_of(Result code) {
    for (const Error &error : errors)
        if (error.code == code) return &error;
    return nullptr;
}

unsigned long long number(const char *name, const char *text) {
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end || *text < '0' || *text > '9') {
        fprintf(stderr, "emulated CUDA: %s=%s is no number\n", name, text);
        abort();
    }
    return value;
}

unsigned long long setting(const char *name, unsigned long long otherwise) {
    const char *text = getenv(name);
    return text && *text ? number(name, text) : otherwise;
}

// The number at `place` of a list with commas, whose last number stands for all that follow.
unsigned long long setting_of(const char *name, size_t place, unsigned long long otherwise) {
    const char *text = getenv(name);
    if (!text || !*text) return otherwise;
    std::string list = text;
    size_t start = 0;
    for (size_t end; place-- && (end = list.find(',', start)) != std::string::npos;) start = end + 1;
    return number(name, list.substr(start, list.find(',', start) - start).c_str());
}

struct Device;

// A kernel as one device has loaded it.
struct Kernel {
    EmulatedLaunch launch;
    Device *device;
};

struct RecordedEvent : Event {
    Device *device;
};

// Also the context and the memory pool of the device: their handles are its address.
struct Device {
    int retained = 0;
    Result sticky = SUCCESS;
    size_t memory = 0, used = 0, peak = 0;
    unsigned long long threshold = 0;
    // The last one before the device was last emptied.
    unsigned long long launches = 0, launches_before = 0;
    Ordering order;
    Stream *stream = order.create(true, false); // the default one
    std::map<std::string, Kernel> kernels;
};

struct Allocation {
    size_t bytes;
    Device *device;
    // The operation that made it; any other stream must come after it.
    unsigned stream;
    Position born;
    // Copies into it on streams other than the default one.
    Clock written{};
    // For each stream that waited for such a copy, where it did: another copy must come after something later there.
    Clock acquired{};
};

struct State {
    std::mutex lock;
    bool initialised = false;
    // How often a device was emptied.
    unsigned long long drains = 0;
    // Launches of the device that is to fail, or of all.
    unsigned long long launches = 0;
    unsigned long long copied = 0; // bytes, from the host
    unsigned long long products = 0, refusals = 0; // calls of cuBLAS and cublasLt that compute
    std::vector<Device> devices{setting("EMULATED_CUDA_DEVICES", 1)};
    std::map<Pointer, Allocation> allocations;
    std::map<Pointer, size_t> pinned;
    const Result init_error = (Result)setting("EMULATED_CUDA_INIT", SUCCESS);
    const unsigned long long failing_device = setting("EMULATED_CUDA_FAIL_DEVICE", ULLONG_MAX);
    const unsigned long long failing_launch = setting("EMULATED_CUDA_FAIL_LAUNCH", 0);
    const unsigned long long late_failure = setting("EMULATED_CUDA_FAIL_LATE", 0);

    State() {
        for (size_t at = 0; at < devices.size(); at++)
            devices[at].memory = setting_of("EMULATED_CUDA_MEMORY", at, 8ull << 30);
    }
};

// Never destroyed: a program may free device memory while it exits.
State &state() {
    static State *state = new State;
    return *state;
}

std::map<std::string, EmulatedLaunch> &kernels() {
    static auto *kernels = new std::map<std::string, EmulatedLaunch>;
    return *kernels;
}

thread_local Device *current = nullptr;

struct Locked : std::lock_guard<std::mutex> {
    Locked() : lock_guard(state().lock) {}
};

// What every call asks first. The lock is held.
Result driver_ready() {
    if (current && current->sticky) return current->sticky;
    return state().initialised ? SUCCESS : NOT_INITIALIZED;
}

// The same for a call that works within a context.
Result context_ready() {
    if (Result error = driver_ready()) return error;
    if (!current) return INVALID_CONTEXT;
    return current->retained ? SUCCESS : CONTEXT_IS_DESTROYED;
}

Result lock_and_check_context() {
    Locked locked;
    return context_ready();
}

Result fault(const char *what, Pointer at, size_t bytes) {
    fprintf(stderr, "emulated CUDA: %s: %zu bytes at %#llx\n", what, bytes, at);
    if (current) current->sticky = ILLEGAL_ADDRESS;
    return ILLEGAL_ADDRESS;
}

// The part of `all` that a range begins in; its end where there is none. It may be too short.
template <class T> auto part_of(std::map<Pointer, T> &all, Pointer at) {
    auto after = all.upper_bound(at);
    return after == all.begin() ? all.end() : std::prev(after);
}

Allocation *allocation_of(Pointer at, size_t bytes) {
    auto own = part_of(state().allocations, at);
    if (own == state().allocations.end() || own->second.device != current) return nullptr;
    size_t offset = at - own->first;
    return offset <= own->second.bytes && bytes <= own->second.bytes - offset ? &own->second : nullptr;
}

bool lies_within(Pointer at, size_t bytes) { return allocation_of(at, bytes); }

bool is_pinned(Pointer at, size_t bytes) {
    auto own = part_of(state().pinned, at);
    return own != state().pinned.end() && at - own->first + bytes <= own->second;
}

// A stream by its handle; null and 1 are the default one.
Stream *stream_of(void *handle) {
    if (!handle || handle == (void *)1) return current->stream;
    return current->order.known(handle) ? (Stream *)handle : nullptr;
}

Result spoilt(const void *pinned) {
    return pinned ? fault("pinned memory was written while a copy from it may be under way", (Pointer)pinned, 0)
                  : SUCCESS;
}

// The host has waited for all that `at` covers. Counts where the device has nothing left to do then.
Result observe(const Clock &at) {
    const Stream &main = *current->stream;
    if (at.covers(main.number, main.enqueued) && current->launches > current->launches_before) {
        state().drains++;
        current->launches_before = current->launches;
    }
    return spoilt(current->order.observe(at));
}

Result observe_all() {
    if (Result error = observe(current->stream->now())) return error;
    return spoilt(current->order.observe_all());
}

// An operation on a stream that is done at once.
Result enqueue_now(void *handle) {
    Stream *stream = stream_of(handle);
    if (!stream) return INVALID_HANDLE;
    current->order.enqueue_now(*stream);
    return SUCCESS;
}

// Whether a copy on a stream other than the default one may touch an allocation.
Result may_copy(const Stream &stream, Allocation &own, Pointer at, size_t bytes, bool writes) {
    Clock now = stream.now();
    if (!now.covers(own.stream, own.born)) return fault("a copy does not wait for the memory to be there", at, bytes);
    if (!writes) return SUCCESS;
    for (auto [reader, position] : own.acquired)
        if (reader != stream.number && !now.covers(reader, position + 1))
            return fault("a copy overwrites what another stream may still read", at, bytes);
    own.acquired.clear();
    own.written[stream.number] = stream.enqueued;
    return SUCCESS;
}

#ifdef __SANITIZE_ADDRESS__
const size_t GUARD = 0; // the sanitizer watches what lies around an allocation
#else
const size_t GUARD = 256;
#endif
const int FRESH = 0xFF; // NaN, whichever the type

Result allocate(Pointer *pointer, size_t bytes, const Stream &stream, Position born) {
    if (bytes > current->memory || current->memory - bytes < current->used) return OUT_OF_MEMORY;
    void *base;
    if (posix_memalign(&base, 256, bytes + 2 * GUARD)) return OUT_OF_MEMORY;
    memset(base, FRESH, bytes + 2 * GUARD);
    *pointer = (Pointer)base + GUARD;
    state().allocations[*pointer] = {bytes, current, stream.number, born};
    current->used += bytes;
    current->peak = max(current->peak, current->used);
    return SUCCESS;
}

Result release(std::map<Pointer, Allocation>::iterator own) {
    auto [at, allocation] = *own;
    const unsigned char *base = (const unsigned char *)(at - GUARD);
    bool intact = true;
    for (size_t i = 0; i < GUARD; i++)
        intact = intact && base[i] == FRESH && base[GUARD + allocation.bytes + i] == FRESH;
    free((void *)base);
    allocation.device->used -= allocation.bytes;
    state().allocations.erase(own);
    return intact ? SUCCESS : fault("something was written next to this allocation", at, allocation.bytes);
}

// On the default stream; the host waits where the device is read, or pageable memory.
Result copy(Pointer to, bool to_device, Pointer from, bool from_device, size_t bytes) {
    Locked locked;
    if (Result error = context_ready()) return error;
    if (!bytes) return SUCCESS;
    if (!to || !from) return INVALID_VALUE;
    if (to_device && !lies_within(to, bytes)) return INVALID_VALUE;
    if (from_device && !lies_within(from, bytes)) return INVALID_VALUE;
    if (!from_device) state().copied += bytes;
    current->order.enqueue_now(*current->stream);
    memmove((void *)to, (const void *)from, bytes);
    return to_device && from_device ? SUCCESS : observe(current->stream->now());
}

Result copy_async(Pointer to, bool to_device, Pointer from, bool from_device, size_t bytes, void *handle) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    if (!stream) return INVALID_HANDLE;
    if (!bytes) return SUCCESS;
    if (!to || !from) return INVALID_VALUE;
    Allocation *target = to_device ? allocation_of(to, bytes) : nullptr;
    Allocation *source = from_device ? allocation_of(from, bytes) : nullptr;
    if (to_device != !!target || from_device != !!source) return INVALID_VALUE;
    if (!from_device) state().copied += bytes;
    Position position = current->order.enqueue(*stream);
    if (!stream->is_default) {
        if (target)
            if (Result error = may_copy(*stream, *target, to, bytes, true)) return error;
        if (source)
            if (Result error = may_copy(*stream, *source, from, bytes, false)) return error;
    }
    if (!from_device && is_pinned(from, bytes)) {
        auto work = [=] { memmove((void *)to, (const void *)from, bytes); };
        current->order.read_late(*stream, position, (const void *)from, bytes, work);
        return SUCCESS;
    }
    if (!from_device && !stream->is_default) {
        std::vector<char> staged((const char *)from, (const char *)from + bytes);
        stream->deferred.push_back({position, [=] { memmove((void *)to, staged.data(), bytes); }});
        return SUCCESS;
    }
    current->order.work_off(*stream, position);
    memmove((void *)to, (const void *)from, bytes);
    // A card takes a copy of little pageable memory at once, and may wait for its stream where there is more.
    const size_t LITTLE = 64 << 10;
    bool waits = to_device ? !from_device && bytes > LITTLE : true;
    return waits ? observe(stream->now()) : SUCCESS;
}

template <class T> Result fill(Pointer to, T value, size_t count, void *handle) {
    {
        Locked locked;
        if (Result error = context_ready()) return error;
        if (!count) return SUCCESS;
        if (to % sizeof(T) || count > SIZE_MAX / sizeof(T) || !lies_within(to, count * sizeof(T))) return INVALID_VALUE;
        if (Result error = enqueue_now(handle)) return error;
    }
    for (size_t i = 0; i < count; i++) ((T *)to)[i] = value;
    return SUCCESS;
}

Result device_ready(int ordinal) {
    if (!state().initialised) return NOT_INITIALIZED;
    if (ordinal < 0 || (size_t)ordinal >= state().devices.size()) return INVALID_DEVICE;
    return state().devices[ordinal].sticky;
}

bool known(const void *handle) {
    for (Device &device : state().devices)
        if (handle == &device) return true;
    return false;
}

} // namespace

void emulated_register(const char *name, EmulatedLaunch launch) { kernels()[name] = launch; }

bool emulated_is_foreign(const void *at) {
    Locked locked;
    auto own = part_of(state().allocations, (Pointer)at);
    if (own == state().allocations.end() || (Pointer)at >= own->first + own->second.bytes) return false;
    if (own->second.device == current) return false;
    fault("a kernel was given memory of another device", (Pointer)at, 0);
    return true;
}

// For the emulated cuBLAS, which has neither memory nor errors of its own.

API const void *emulated_cuda_context() { return current; }

API Result emulated_cuda_error() {
    Locked locked;
    return driver_ready();
}

API Result emulated_cuda_enqueue(void *stream) {
    Locked locked;
    if (Result error = context_ready()) return error;
    return enqueue_now(stream);
}

API Result emulated_cuda_access(const char *what, const void *at, size_t bytes) {
    Locked locked;
    if (Result error = context_ready()) return error;
    return lies_within((Pointer)at, bytes) ? SUCCESS : fault(what, (Pointer)at, bytes);
}

API void emulated_cuda_count_product(bool refused) {
    Locked locked;
    state().products++;
    state().refusals += refused;
}

// Errors

API Result cuGetErrorName(Result code, const char **name) {
    const Error *error = error_of(code);
    *name = error ? error->name : nullptr;
    return error ? SUCCESS : INVALID_VALUE;
}

API Result cuGetErrorString(Result code, const char **text) {
    const Error *error = error_of(code);
    *text = error ? error->text : nullptr;
    return error ? SUCCESS : INVALID_VALUE;
}

// Driver and devices

API Result cuInit(unsigned int) {
    Locked locked;
    if (state().init_error) return state().init_error;
    if (state().devices.empty()) return NO_DEVICE;
    state().initialised = true;
    return SUCCESS;
}

API Result cuDriverGetVersion(int *version) {
    *version = 13000;
    return SUCCESS;
}

API Result cuDeviceGetCount(int *count) {
    Locked locked;
    if (!state().initialised) return NOT_INITIALIZED;
    *count = (int)state().devices.size();
    return SUCCESS;
}

API Result cuDeviceGet(int *device, int ordinal) {
    Locked locked;
    if (Result error = device_ready(ordinal)) return error;
    *device = ordinal;
    return SUCCESS;
}

API Result cuDeviceGetName(char *name, int length, int device) {
    Locked locked;
    if (Result error = device_ready(device)) return error;
    if (length < 1) return INVALID_VALUE;
    snprintf(name, (size_t)length, "Emulated CUDA device");
    return SUCCESS;
}

API Result cuDeviceTotalMem_v2(size_t *bytes, int device) {
    Locked locked;
    if (Result error = device_ready(device)) return error;
    *bytes = state().devices[device].memory;
    return SUCCESS;
}

API Result cuDeviceGetAttribute(int *value, int attribute, int device) {
    Locked locked;
    if (Result error = device_ready(device)) return error;
    static const std::map<int, int> values = {
        {1, 1024},        // threads per block
        {2, 1024},        // block, x
        {3, 1024},        // block, y
        {4, 64},          // block, z
        {5, INT_MAX},     // grid, x
        {6, 65535},       // grid, y
        {7, 65535},       // grid, z
        {8, 48 << 10},    // shared memory per block
        {10, 32},         // warp
        {16, 32},         // multiprocessors
        {39, 2048},       // threads per multiprocessor
        {41, 1},          // unified addressing
        {75, 9},          // compute capability, major
        {76, 0},          // compute capability, minor
        {115, 1},         // memory pools
    };
    if (attribute < 1) return INVALID_VALUE;
    auto found = values.find(attribute);
    *value = found == values.end() ? 0 : found->second;
    return SUCCESS;
}

// Contexts: only the primary one of each device

API Result cuDevicePrimaryCtxRetain(void **context, int device) {
    Locked locked;
    if (Result error = device_ready(device)) return error;
    state().devices[device].retained++;
    *context = &state().devices[device];
    return SUCCESS;
}

API Result cuDevicePrimaryCtxRelease_v2(int device) {
    Locked locked;
    if (Result error = device_ready(device)) return error;
    Device &own = state().devices[device];
    if (!own.retained) return INVALID_CONTEXT;
    if (--own.retained) return SUCCESS;
    // A context takes its memory with it.
    Result result = spoilt(own.order.observe_all());
    for (auto at = state().allocations.begin(); at != state().allocations.end();) {
        auto gone = at++;
        if (gone->second.device != &own) continue;
        if (Result error = release(gone)) result = error;
    }
    return result;
}

API Result cuDevicePrimaryCtxGetState(int device, unsigned int *flags, int *active) {
    Locked locked;
    if (Result error = device_ready(device)) return error;
    *flags = 0;
    *active = state().devices[device].retained > 0;
    return SUCCESS;
}

API Result cuDevicePrimaryCtxSetFlags_v2(int device, unsigned int) {
    Locked locked;
    return device_ready(device);
}

API Result cuCtxSetCurrent(void *context) {
    Locked locked;
    if (!state().initialised) return NOT_INITIALIZED;
    if (context && !known(context)) return INVALID_CONTEXT;
    current = (Device *)context;
    return current ? current->sticky : SUCCESS;
}

API Result cuCtxGetCurrent(void **context) {
    Locked locked;
    if (Result error = driver_ready()) return error;
    *context = current;
    return SUCCESS;
}

API Result cuCtxGetDevice(int *device) {
    Locked locked;
    if (Result error = context_ready()) return error;
    *device = (int)(current - state().devices.data());
    return SUCCESS;
}

API Result cuCtxSynchronize() {
    Locked locked;
    if (Result error = context_ready()) return error;
    return observe_all();
}

// Streams

API Result cuStreamCreate(void **stream, unsigned int flags) {
    Locked locked;
    if (Result error = context_ready()) return error;
    const unsigned int NON_BLOCKING = 1;
    if (flags & ~NON_BLOCKING) return INVALID_VALUE;
    *stream = current->order.create(false, !(flags & NON_BLOCKING));
    return SUCCESS;
}

API Result cuStreamCreateWithPriority(void **stream, unsigned int flags, int) { return cuStreamCreate(stream, flags); }

API Result cuStreamDestroy_v2(void *handle) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    if (!stream || stream->is_default) return INVALID_HANDLE;
    current->order.destroy(stream);
    return SUCCESS;
}

API Result cuStreamSynchronize(void *handle) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    return stream ? observe(stream->now()) : INVALID_HANDLE;
}

API Result cuStreamQuery(void *handle) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    if (!stream) return INVALID_HANDLE;
    return current->order.work_a_little(stream->now()) ? NOT_READY : observe(stream->now());
}

API Result cuStreamWaitEvent(void *handle, RecordedEvent *event, unsigned int) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    if (!stream || !event || event->device != current) return INVALID_HANDLE;
    if (!event->recorded) return SUCCESS;
    current->order.wait(*stream, event->at);
    for (auto &[_, own] : state().allocations) {
        auto copied = own.written.find(event->stream);
        if (copied == own.written.end() || event->stream == stream->number) continue;
        // Only the first wait after a copy: later ones are for other copies.
        if (event->at.covers(event->stream, copied->second)) own.acquired.insert({stream->number, stream->enqueued});
    }
    return SUCCESS;
}

// Events

API Result cuEventCreate(RecordedEvent **event, unsigned int flags) {
    if (Result error = lock_and_check_context()) return error;
    const unsigned int DISABLE_TIMING = 2;
    *event = new RecordedEvent{{!(flags & DISABLE_TIMING), false, {}, 0, {}}, current};
    return SUCCESS;
}

API Result cuEventDestroy_v2(RecordedEvent *event) {
    if (Result error = lock_and_check_context()) return error;
    if (!event || event->device != current) return INVALID_HANDLE;
    delete event;
    return SUCCESS;
}

API Result cuEventRecord(RecordedEvent *event, void *handle) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    if (!stream || !event || event->device != current) return INVALID_HANDLE;
    current->order.enqueue(*stream);
    event->recorded = true;
    event->when = std::chrono::steady_clock::now();
    event->stream = stream->number;
    event->at = stream->now();
    return SUCCESS;
}

API Result cuEventSynchronize(RecordedEvent *event) {
    Locked locked;
    if (Result error = context_ready()) return error;
    if (!event || event->device != current) return INVALID_HANDLE;
    return event->recorded ? observe(event->at) : SUCCESS;
}

API Result cuEventQuery(RecordedEvent *event) {
    Locked locked;
    if (Result error = context_ready()) return error;
    if (!event || event->device != current) return INVALID_HANDLE;
    if (!event->recorded) return SUCCESS;
    return current->order.work_a_little(event->at) ? NOT_READY : observe(event->at);
}

API Result cuEventElapsedTime(float *milliseconds, RecordedEvent *start, RecordedEvent *end) {
    Locked locked;
    if (Result error = context_ready()) return error;
    for (RecordedEvent *event : {start, end})
        if (!event || event->device != current || !event->timed || !event->recorded) return INVALID_HANDLE;
    *milliseconds = std::chrono::duration<float, std::milli>(end->when - start->when).count();
    return SUCCESS;
}

// Memory

API Result cuMemAlloc_v2(Pointer *pointer, size_t bytes) {
    Locked locked;
    if (Result error = context_ready()) return error;
    return bytes ? allocate(pointer, bytes, *current->stream, 0) : INVALID_VALUE;
}

API Result cuMemAllocAsync(Pointer *pointer, size_t bytes, void *handle) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    if (!stream) return INVALID_HANDLE;
    Position position = current->order.enqueue(*stream);
    *pointer = 0; // of no bytes: callers rely on it that this is no error
    return bytes ? allocate(pointer, bytes, *stream, position) : SUCCESS;
}

API Result cuMemFree_v2(Pointer pointer) {
    Locked locked;
    if (Result error = context_ready()) return error;
    if (!pointer) return SUCCESS;
    auto own = state().allocations.find(pointer);
    if (own == state().allocations.end() || own->second.device != current) return INVALID_VALUE;
    if (Result error = observe_all()) return error;
    return release(own);
}

API Result cuMemFreeAsync(Pointer pointer, void *handle) {
    Locked locked;
    if (Result error = context_ready()) return error;
    Stream *stream = stream_of(handle);
    if (!stream) return INVALID_HANDLE;
    if (!pointer) return SUCCESS;
    auto own = state().allocations.find(pointer);
    if (own == state().allocations.end() || own->second.device != current) return INVALID_VALUE;
    current->order.enqueue_now(*stream);
    Clock now = stream->now();
    for (auto [writer, position] : own->second.written)
        if (!now.covers(writer, position))
            return fault("memory is freed before a copy into it", pointer, own->second.bytes);
    return release(own);
}

API Result cuMemGetInfo_v2(size_t *available, size_t *total) {
    Locked locked;
    if (Result error = context_ready()) return error;
    *available = current->memory - current->used;
    *total = current->memory;
    return SUCCESS;
}

API Result cuMemHostAlloc(void **pointer, size_t bytes, unsigned int) {
    Locked locked;
    if (Result error = context_ready()) return error;
    if (!bytes) return INVALID_VALUE;
    if (posix_memalign(pointer, 4096, bytes)) return OUT_OF_MEMORY;
    state().pinned[(Pointer)*pointer] = bytes;
    return SUCCESS;
}

API Result cuMemAllocHost_v2(void **pointer, size_t bytes) { return cuMemHostAlloc(pointer, bytes, 0); }

API Result cuMemFreeHost(void *pointer) {
    Locked locked;
    if (Result error = context_ready()) return error;
    auto own = state().pinned.find((Pointer)pointer);
    if (own == state().pinned.end()) return INVALID_VALUE;
    for (Device &device : state().devices)
        if (device.order.is_read(pointer, own->second))
            return fault("pinned memory is freed while a copy from it may be under way", own->first, own->second);
    state().pinned.erase(own);
    free(pointer);
    return SUCCESS;
}

API Result cuMemcpyHtoD_v2(Pointer to, const void *from, size_t bytes) {
    return copy(to, true, (Pointer)from, false, bytes);
}
API Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, void *stream) {
    return copy_async(to, true, (Pointer)from, false, bytes, stream);
}
API Result cuMemcpyDtoH_v2(void *to, Pointer from, size_t bytes) {
    return copy((Pointer)to, false, from, true, bytes);
}
API Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, void *stream) {
    return copy_async((Pointer)to, false, from, true, bytes, stream);
}
API Result cuMemcpyDtoD_v2(Pointer to, Pointer from, size_t bytes) { return copy(to, true, from, true, bytes); }
API Result cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes, void *stream) {
    return copy_async(to, true, from, true, bytes, stream);
}

API Result cuMemsetD8_v2(Pointer to, unsigned char value, size_t count) { return fill(to, value, count, nullptr); }
API Result cuMemsetD8Async(Pointer to, unsigned char value, size_t count, void *stream) {
    return fill(to, value, count, stream);
}
API Result cuMemsetD16_v2(Pointer to, unsigned short value, size_t count) { return fill(to, value, count, nullptr); }
API Result cuMemsetD16Async(Pointer to, unsigned short value, size_t count, void *stream) {
    return fill(to, value, count, stream);
}
API Result cuMemsetD32_v2(Pointer to, unsigned int value, size_t count) { return fill(to, value, count, nullptr); }
API Result cuMemsetD32Async(Pointer to, unsigned int value, size_t count, void *stream) {
    return fill(to, value, count, stream);
}

// Memory pools: one of each device, which keeps nothing back

API Result cuDeviceGetDefaultMemPool(void **pool, int device) {
    Locked locked;
    if (Result error = device_ready(device)) return error;
    *pool = &state().devices[device];
    return SUCCESS;
}

API Result cuDeviceGetMemPool(void **pool, int device) { return cuDeviceGetDefaultMemPool(pool, device); }

API Result cuMemPoolTrimTo(void *pool, size_t) {
    Locked locked;
    if (Result error = driver_ready()) return error;
    return known(pool) ? SUCCESS : INVALID_VALUE;
}

enum { POOL_THRESHOLD = 4, POOL_RESERVED, POOL_RESERVED_HIGH, POOL_USED, POOL_USED_HIGH };

API Result cuMemPoolSetAttribute(void *pool, int attribute, void *value) {
    Locked locked;
    if (Result error = driver_ready()) return error;
    if (!known(pool) || !value || attribute < 1 || attribute > POOL_USED_HIGH) return INVALID_VALUE;
    Device *own = (Device *)pool;
    if (attribute == POOL_THRESHOLD) memcpy(&own->threshold, value, sizeof own->threshold);
    if (attribute == POOL_RESERVED_HIGH || attribute == POOL_USED_HIGH) own->peak = own->used;
    return SUCCESS;
}

API Result cuMemPoolGetAttribute(void *pool, int attribute, void *value) {
    Locked locked;
    if (Result error = driver_ready()) return error;
    if (!known(pool) || !value) return INVALID_VALUE;
    const Device *own = (const Device *)pool;
    unsigned long long answer;
    switch (attribute) {
        case POOL_THRESHOLD: answer = own->threshold; break;
        case POOL_RESERVED:
        case POOL_USED: answer = own->used; break;
        case POOL_RESERVED_HIGH:
        case POOL_USED_HIGH: answer = own->peak; break;
        default: return INVALID_VALUE;
    }
    memcpy(value, &answer, sizeof answer);
    return SUCCESS;
}

// Modules and kernels: an image is not looked at, since all kernels are linked into this library

API Result cuModuleLoadData(void **module, const void *image) {
    if (Result error = lock_and_check_context()) return error;
    if (!image) return INVALID_VALUE;
    *module = current;
    return SUCCESS;
}

API Result cuModuleLoadDataEx(void **module, const void *image, unsigned int, int *, void **) {
    return cuModuleLoadData(module, image);
}

API Result cuModuleLoad(void **module, const char *path) { return cuModuleLoadData(module, path); }

API Result cuModuleUnload(void *module) {
    if (Result error = lock_and_check_context()) return error;
    return module ? SUCCESS : INVALID_HANDLE;
}

API Result cuModuleGetFunction(const Kernel **function, void *module, const char *name) {
    if (Result error = lock_and_check_context()) return error;
    Locked locked;
    if (!module || module != current) return INVALID_HANDLE;
    if (!name) return INVALID_VALUE;
    auto found = kernels().find(name);
    if (found == kernels().end()) return NOT_FOUND;
    *function = &(current->kernels[name] = {found->second, current});
    return SUCCESS;
}

API Result cuLaunchKernel(
    const Kernel *function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z, unsigned int block_x,
    unsigned int block_y, unsigned int block_z, unsigned int shared_bytes, void *stream, void **params, void **extra) {
    {
        Locked locked;
        if (Result error = context_ready()) return error;
        if (!function || function->device != current) return INVALID_HANDLE;
        // The limits of the attributes above.
        if (!grid_x || !grid_y || !grid_z || grid_x > INT_MAX || grid_y > 65535 || grid_z > 65535) return INVALID_VALUE;
        if (!block_x || !block_y || !block_z || block_x > 1024 || block_y > 1024 || block_z > 64) return INVALID_VALUE;
        if (block_x * block_y * block_z > 1024 || shared_bytes > 48 << 10 || extra) return INVALID_VALUE;
        if (Result error = enqueue_now(stream)) return error;
        current->launches++;
        bool counts = state().failing_device == ULLONG_MAX || current == &state().devices[0] + state().failing_device;
        state().launches += counts;
        if (counts && state().launches == state().failing_launch) return current->sticky = ILLEGAL_ADDRESS;
        if (counts && state().launches == state().late_failure) {
            current->sticky = ILLEGAL_ADDRESS;
            return SUCCESS;
        }
    }
    function->launch(params, dim3(grid_x, grid_y, grid_z), dim3(block_x, block_y, block_z));
    return SUCCESS;
}

API Result cuProfilerStart() { return lock_and_check_context(); }
API Result cuProfilerStop() { return lock_and_check_context(); }

// What the program did, where it asks for it.
__attribute__((destructor)) static void report() {
    const char *path = getenv("EMULATED_CUDA_REPORT");
    if (!path || !*path) return;
    Locked locked;
    size_t peak = 0;
    unsigned long long launches = 0;
    for (const Device &device : state().devices) {
        peak = max(peak, device.peak);
        launches += device.launches;
    }
    FILE *file = fopen(path, "w");
    if (!file) {
        fprintf(stderr, "emulated CUDA: cannot write EMULATED_CUDA_REPORT=%s\n", path);
        return;
    }
    fprintf(
        file, "launches %llu\ndrains %llu\ncopied %llu\npeak %zu\nproducts %llu\nrefusals %llu\n", launches,
        state().drains, state().copied, peak, state().products, state().refusals);
    for (size_t at = 0; at < state().devices.size(); at++)
        fprintf(file, "launches of %zu: %llu\n", at, state().devices[at].launches);
    fclose(file);
}
