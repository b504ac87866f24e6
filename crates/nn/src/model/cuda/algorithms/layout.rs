//! How the matrices of a batch lie in memory, as cublasLt wants it described.

use std::ffi::c_void;

use cudarc::cublaslt::result::{self, CublasError};
use cudarc::cublaslt::sys;
use cudarc::cublaslt::sys::cublasLtMatrixLayoutAttribute_t as LayoutAttribute;

use super::operand::Operand;

/// How the matrices of a batch are laid out.
pub(super) struct Layout(pub(super) sys::cublasLtMatrixLayout_t);

impl Layout {
    /// Of `batch` matrices.
    ///
    /// # Errors
    /// Where cublasLt has no memory left.
    pub(super) fn new(operand: &Operand, batch: usize) -> Result<Self, CublasError> {
        let (rows, columns) = (operand.rows as u64, operand.columns as u64);
        let kind = sys::cudaDataType_t::CUDA_R_32F;
        let made = result::create_matrix_layout(kind, rows, columns, operand.leading as i64)?;
        let own = Self(made);
        let (count, stride) = (batch as i32, operand.stride as i64);
        own.set(LayoutAttribute::CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count)?;
        let attribute = LayoutAttribute::CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET;
        own.set(attribute, stride)?;
        Ok(own)
    }

    fn set<T>(&self, attribute: LayoutAttribute, value: T) -> Result<(), CublasError> {
        // SAFETY: the layout lives; the size is checked on the other side.
        let status = unsafe {
            sys::cublasLtMatrixLayoutSetAttribute(self.0, attribute, at(&value), size_of::<T>())
        };
        status.result()
    }
}

// SAFETY: a description in memory of the host, which nobody writes once it is made.
unsafe impl Send for Layout {}
// SAFETY: as above.
unsafe impl Sync for Layout {}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: made once, and not used after.
        let _ = unsafe { result::destroy_matrix_layout(self.0) };
    }
}

/// Where a value is, as cublasLt takes it.
pub(super) fn at<T>(value: &T) -> *const c_void {
    std::ptr::from_ref(value).cast()
}
