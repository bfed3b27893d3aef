// The broker that docs/writing-an-adapter.md builds passes the conformance suite, as the page says.
await import("../../docs/snippets/array-broker.test.ts");
