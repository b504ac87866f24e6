//! The functions of cublasLt that cudarc and we call: of the library that cuBLAS itself is built on and opens.

use std::ffi::{c_int, c_void};

use cudarc::cublaslt::sys::{self, *};

use super::cublas::KNOWN;
use super::forward::forward;
// Looking for a function in cuBLAS finds those of the libraries that it needs, too.
use super::opening::cublas;

forward! {
    cublas, sys -> cublasStatus_t, cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED, KNOWN, cublasStatus_t::CUBLAS_STATUS_INTERNAL_ERROR;

    cublasLtCreate(handle: *mut cublasLtHandle_t);
    cublasLtDestroy(handle: cublasLtHandle_t);

    cublasLtMatrixLayoutCreate(
        layout: *mut cublasLtMatrixLayout_t, kind: cudaDataType, rows: u64, columns: u64, leading: i64
    );
    cublasLtMatrixLayoutDestroy(layout: cublasLtMatrixLayout_t);
    cublasLtMatrixLayoutSetAttribute(
        layout: cublasLtMatrixLayout_t, attribute: cublasLtMatrixLayoutAttribute_t, from: *const c_void, bytes: usize
    );

    cublasLtMatmulDescCreate(
        description: *mut cublasLtMatmulDesc_t, compute: cublasComputeType_t, scale: cudaDataType_t
    );
    cublasLtMatmulDescDestroy(description: cublasLtMatmulDesc_t);
    cublasLtMatmulDescSetAttribute(
        description: cublasLtMatmulDesc_t, attribute: cublasLtMatmulDescAttributes_t, from: *const c_void, bytes: usize
    );

    cublasLtMatmulPreferenceCreate(preference: *mut cublasLtMatmulPreference_t);
    cublasLtMatmulPreferenceDestroy(preference: cublasLtMatmulPreference_t);
    cublasLtMatmulPreferenceSetAttribute(
        preference: cublasLtMatmulPreference_t, attribute: cublasLtMatmulPreferenceAttributes_t, from: *const c_void,
        bytes: usize
    );

    cublasLtMatmulAlgoGetHeuristic(
        handle: cublasLtHandle_t, description: cublasLtMatmulDesc_t, a: cublasLtMatrixLayout_t,
        b: cublasLtMatrixLayout_t, c: cublasLtMatrixLayout_t, d: cublasLtMatrixLayout_t,
        preference: cublasLtMatmulPreference_t, room: c_int, results: *mut cublasLtMatmulHeuristicResult_t,
        count: *mut c_int
    );
    cublasLtMatmul(
        handle: cublasLtHandle_t, description: cublasLtMatmulDesc_t, alpha: *const c_void, a: *const c_void,
        of_a: cublasLtMatrixLayout_t, b: *const c_void, of_b: cublasLtMatrixLayout_t, beta: *const c_void,
        c: *const c_void, of_c: cublasLtMatrixLayout_t, d: *mut c_void, of_d: cublasLtMatrixLayout_t,
        algorithm: *const cublasLtMatmulAlgo_t, workspace: *mut c_void, workspace_bytes: usize, stream: cudaStream_t
    );
}
