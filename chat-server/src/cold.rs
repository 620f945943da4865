//! State that few connections have at a time.
//!
//! Thousands of connections wait for nothing and say nothing. What only those
//! need who are doing something lies apart, and not at all while it is what it
//! is to begin with, so that an idle connection costs a pointer for it.

/// A `T` that takes memory only while it is not the default.
#[derive(Debug)]
pub(crate) struct Cold<T>(Option<Box<T>>);

impl<T: Default + PartialEq> Cold<T> {
    /// The value, if it is not the default.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// Changes the value.
    pub(crate) fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        if let Some(value) = &mut self.0 {
            let result = change(value);
            if **value == T::default() {
                self.0 = None;
            }
            return result;
        }
        let mut value = T::default();
        let result = change(&mut value);
        if value != T::default() {
            self.0 = Some(Box::new(value));
        }
        result
    }
}

impl<T> Default for Cold<T> {
    fn default() -> Self {
        Self(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_takes_no_memory() {
        let mut rare: Cold<Vec<u8>> = Cold::default();
        assert_eq!(size_of_val(&rare), size_of::<usize>());
        rare.change(|bytes| bytes.clear());
        assert_eq!(rare.get(), None);
        rare.change(|bytes| bytes.push(1));
        assert_eq!(rare.get(), Some(&vec![1]));
        assert_eq!(rare.change(Vec::pop), Some(1));
        assert_eq!(rare.get(), None);
    }
}
