// node run.js FILE...: what Medusa makes of each product CSV on the way to its database, one JSON line a file:
// its CSV reader with its options, its normaliser, and the validator of products to be created.
const fs = require("fs");
const { parse } = require("csv-parse/sync");
const { CSVNormalizer, productValidators } = require("@medusajs/utils");

for (const file of process.argv.slice(2)) {
  let told;
  try {
    const rows = parse(fs.readFileSync(file), { columns: true, skip_empty_lines: true });
    const { toCreate, toUpdate } = new CSVNormalizer(
      rows.map((row, number) => CSVNormalizer.preProcess(row, number + 1)),
    ).proccess();
    told = {
      created: Object.values(toCreate).map((each) => productValidators.CreateProduct.parse(each)),
      updated: Object.keys(toUpdate).length,
    };
  } catch (fault) {
    told = { error: fault.message };
  }
  console.log(JSON.stringify(told));
}
