//! The functions of cuBLAS that cudarc, dfdx and we call.

use std::ffi::{c_int, c_longlong, c_void};
use std::ops::RangeInclusive;

use cudarc::cublas::sys::{self, *};

use super::forward::forward;
use super::opening::cublas;

/// The numbers of `cublasStatus_t`, in cublasLt too.
pub const KNOWN: [RangeInclusive<u32>; 5] = [0..=1, 3..=3, 7..=8, 11..=11, 13..=16];

forward! {
    cublas, sys -> cublasStatus_t, cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED, KNOWN, cublasStatus_t::CUBLAS_STATUS_INTERNAL_ERROR;

    cublasCreate_v2(handle: *mut cublasHandle_t);
    cublasDestroy_v2(handle: cublasHandle_t);
    cublasSetMathMode(handle: cublasHandle_t, mode: cublasMath_t);
    cublasSetStream_v2(handle: cublasHandle_t, stream: cudaStream_t);
    cublasSetWorkspace_v2(handle: cublasHandle_t, workspace: *mut c_void, bytes: usize);

    cublasSgemv_v2(
        handle: cublasHandle_t, operation: cublasOperation_t, m: c_int, n: c_int, alpha: *const f32, a: *const f32,
        lda: c_int, x: *const f32, incx: c_int, beta: *const f32, y: *mut f32, incy: c_int
    );
    cublasDgemv_v2(
        handle: cublasHandle_t, operation: cublasOperation_t, m: c_int, n: c_int, alpha: *const f64, a: *const f64,
        lda: c_int, x: *const f64, incx: c_int, beta: *const f64, y: *mut f64, incy: c_int
    );
    cublasSgemm_v2(
        handle: cublasHandle_t, of_a: cublasOperation_t, of_b: cublasOperation_t, m: c_int, n: c_int, k: c_int,
        alpha: *const f32, a: *const f32, lda: c_int, b: *const f32, ldb: c_int, beta: *const f32, c: *mut f32,
        ldc: c_int
    );
    cublasDgemm_v2(
        handle: cublasHandle_t, of_a: cublasOperation_t, of_b: cublasOperation_t, m: c_int, n: c_int, k: c_int,
        alpha: *const f64, a: *const f64, lda: c_int, b: *const f64, ldb: c_int, beta: *const f64, c: *mut f64,
        ldc: c_int
    );
    cublasSgemmStridedBatched(
        handle: cublasHandle_t, of_a: cublasOperation_t, of_b: cublasOperation_t, m: c_int, n: c_int, k: c_int,
        alpha: *const f32, a: *const f32, lda: c_int, stride_a: c_longlong, b: *const f32, ldb: c_int,
        stride_b: c_longlong, beta: *const f32, c: *mut f32, ldc: c_int, stride_c: c_longlong, batch: c_int
    );
    cublasDgemmStridedBatched(
        handle: cublasHandle_t, of_a: cublasOperation_t, of_b: cublasOperation_t, m: c_int, n: c_int, k: c_int,
        alpha: *const f64, a: *const f64, lda: c_int, stride_a: c_longlong, b: *const f64, ldb: c_int,
        stride_b: c_longlong, beta: *const f64, c: *mut f64, ldc: c_int, stride_c: c_longlong, batch: c_int
    );
    cublasGemmEx(
        handle: cublasHandle_t, of_a: cublasOperation_t, of_b: cublasOperation_t, m: c_int, n: c_int, k: c_int,
        alpha: *const c_void, a: *const c_void, kind_a: cudaDataType, lda: c_int, b: *const c_void,
        kind_b: cudaDataType, ldb: c_int, beta: *const c_void, c: *mut c_void, kind_c: cudaDataType, ldc: c_int,
        compute: cublasComputeType_t, algorithm: cublasGemmAlgo_t
    );
    cublasGemmStridedBatchedEx(
        handle: cublasHandle_t, of_a: cublasOperation_t, of_b: cublasOperation_t, m: c_int, n: c_int, k: c_int,
        alpha: *const c_void, a: *const c_void, kind_a: cudaDataType, lda: c_int, stride_a: c_longlong,
        b: *const c_void, kind_b: cudaDataType, ldb: c_int, stride_b: c_longlong, beta: *const c_void, c: *mut c_void,
        kind_c: cudaDataType, ldc: c_int, stride_c: c_longlong, batch: c_int, compute: cublasComputeType_t,
        algorithm: cublasGemmAlgo_t
    );
}
