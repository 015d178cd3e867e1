// Types of what Vite adds to imports: `?url`, `?worker&url`.
/// <reference types="vite/client" />
