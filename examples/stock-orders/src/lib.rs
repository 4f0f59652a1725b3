//! stock orders
