/** What `vite preview` serves is all that is wanted. */
export default {};
