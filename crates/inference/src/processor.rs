//! Which vector instructions runtimes find on this processor: they choose their kernels by them, and other kernels round
//! otherwise.

/// The names of those that matter, separated by spaces; `baseline` where there are none.
pub fn vector_instructions() -> String {
    let found = detected();
    match found.is_empty() {
        true => "baseline".to_owned(),
        false => found.join(" "),
    }
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Vec<&'static str> {
    let all = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
    ];
    all.into_iter()
        .filter(|(_, found)| *found)
        .map(|(name, _)| name)
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn detected() -> Vec<&'static str> {
    vec![std::env::consts::ARCH]
}
