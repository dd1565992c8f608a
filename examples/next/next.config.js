/** Next.js loads nightbus as Node does, once for all bundles, and does not copy it into each of them. */
export default { serverExternalPackages: ["nightbus"] };
