//! The network: tape operations, encoder, heads, losses and the model file.
