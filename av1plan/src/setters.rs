//! Chainable setters for structs that callers fill in. Such structs are `#[non_exhaustive]`, so callers can't use
//! struct expressions.

/// Defines, for each `$with: $field, $type;`, a method `$with` that sets the field and returns the struct.
macro_rules! setters {
    ($for:ident$(<$life:lifetime>)? { $($with:ident: $field:ident, $type:ty;)+ }) => {
        impl$(<$life>)? $for$(<$life>)? {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $with(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}
pub(crate) use setters;
