//! Setters that can be chained, for structs that callers fill in and that may get more fields.

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
