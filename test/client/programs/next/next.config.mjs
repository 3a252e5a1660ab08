// The packages are one folder up.
export default { turbopack: { root: new URL("..", import.meta.url).pathname } };
