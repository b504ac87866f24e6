// The run-time compiler of CUDA, which here accepts any source: the emulated driver does not look at what it makes.
#include <cstddef>
#include <cstring>

#define API extern "C" __attribute__((visibility("default")))

namespace {
const char CODE[] = "emulated";
const int CAPABILITIES[] = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};
enum { SUCCESS = 0, INVALID_INPUT = 3, INVALID_PROGRAM = 4 };
} // namespace

API const char *nvrtcGetErrorString(int error) { return error ? "NVRTC_ERROR" : "NVRTC_SUCCESS"; }

API int nvrtcVersion(int *major, int *minor) {
    *major = 13;
    *minor = 0;
    return SUCCESS;
}

API int nvrtcGetNumSupportedArchs(int *count) {
    *count = sizeof CAPABILITIES / sizeof *CAPABILITIES;
    return SUCCESS;
}

API int nvrtcGetSupportedArchs(int *capabilities) {
    memcpy(capabilities, CAPABILITIES, sizeof CAPABILITIES);
    return SUCCESS;
}

API int nvrtcCreateProgram(
    char **program, const char *source, const char *, int, const char *const *, const char *const *) {
    if (!program || !source) return INVALID_INPUT;
    *program = new char;
    return SUCCESS;
}

API int nvrtcDestroyProgram(char **program) {
    if (!program || !*program) return INVALID_PROGRAM;
    delete *program;
    *program = nullptr;
    return SUCCESS;
}

API int nvrtcCompileProgram(char *program, int, const char *const *) { return program ? SUCCESS : INVALID_PROGRAM; }

API int nvrtcGetPTXSize(char *program, size_t *bytes) {
    *bytes = sizeof CODE;
    return program ? SUCCESS : INVALID_PROGRAM;
}

API int nvrtcGetPTX(char *program, char *code) {
    memcpy(code, CODE, sizeof CODE);
    return program ? SUCCESS : INVALID_PROGRAM;
}

API int nvrtcGetCUBINSize(char *program, size_t *bytes) { return nvrtcGetPTXSize(program, bytes); }

API int nvrtcGetCUBIN(char *program, char *code) { return nvrtcGetPTX(program, code); }

API int nvrtcGetProgramLogSize(char *program, size_t *bytes) {
    *bytes = 1;
    return program ? SUCCESS : INVALID_PROGRAM;
}

API int nvrtcGetProgramLog(char *program, char *log) {
    *log = 0;
    return program ? SUCCESS : INVALID_PROGRAM;
}
