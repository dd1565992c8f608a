// Express 4 is installed beside 5 under this name; what is used of it here has the same types.
declare module "express4" {
  export { default } from "express";
}
