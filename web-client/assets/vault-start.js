// The Web Worker's start: runs the vault's program. The page says where that is, because its name
// may change with its content.
addEventListener(
  'message',
  async ({ data: script }) => {
    try {
      const { default: init } = await import(script);
      await init();
    } catch (error) {
      // A rejected promise alone would not reach the page.
      reportError(error);
    }
  },
  { once: true },
);
