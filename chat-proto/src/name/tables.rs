//! Which tables of Unicode names and texts are judged by.

/// The version of Unicode, and of tables that have another one. Two programs of the same
/// release judge names and texts alike where this is the same.
pub fn tables() -> String {
    let (major, minor, patch) = unicode_normalization::UNICODE_VERSION;
    let version = (u64::from(major), u64::from(minor), u64::from(patch));
    let others: Vec<String> = [
        ("properties", unicode_properties::UNICODE_VERSION),
        ("script", unicode_script::UNICODE_VERSION),
        ("security", unicode_security::UNICODE_VERSION),
        ("segmentation", unicode_segmentation::UNICODE_VERSION),
    ]
    .into_iter()
    .filter(|(_, its)| *its != version)
    .map(|(name, its)| format!(" ({name} {})", shown(its)))
    .collect();
    shown(version) + &others.concat()
}

fn shown((major, minor, patch): (u64, u64, u64)) -> String {
    format!("{major}.{minor}.{patch}")
}
