// node run.js FOLDER STATE DEFAULT-LANGUAGE PORT: a Vendure server with an empty shop imports FOLDER/products.csv,
// with FOLDER/assets, and tells as JSON what its admin API gives back in both languages.
require("reflect-metadata");
const fs = require("fs");
const path = require("path");
const { DefaultLogger, Importer, LogLevel, mergeConfig } = require("@vendure/core");
const { registerInitializer, SimpleGraphQLClient, SqljsInitializer, testConfig, TestServer } = require("@vendure/testing");
const { gql } = require("graphql-tag");

const [folder, state, language, port] = process.argv.slice(2);
const LANGUAGES = ["en", "zh_Hans"];
const ASKED = gql`
  query ($skip: Int!) {
    products(options: { take: 100, skip: $skip, sort: { id: ASC } }) {
      totalItems
      items {
        languageCode name slug description
        featuredAsset { name fileSize }
        assets { name fileSize }
        facetValues { name facet { name } }
        optionGroups { name }
        variants { name sku price currencyCode trackInventory stockOnHand taxCategory { name } }
      }
    }
  }
`;

function imported(app) {
  return new Promise((resolve, reject) => {
    let last;
    app
      .get(Importer)
      .parseAndImport(fs.createReadStream(path.join(folder, "products.csv")), language)
      .subscribe({ next: (progress) => (last = progress), error: reject, complete: () => resolve(last) });
  });
}

// The import holds server and client for so long that a connection kept open may be closed under a question.
async function asked(client, skip, languageCode) {
  for (let left = 3; ; left--) {
    try {
      return (await client.query(ASKED, { skip }, { languageCode })).products;
    } catch (fault) {
      if (!(fault instanceof TypeError) || !left) throw fault;
    }
  }
}

async function all(client, languageCode) {
  const items = [];
  for (;;) {
    const page = await asked(client, items.length, languageCode);
    items.push(...page.items);
    if (!page.items.length || items.length >= page.totalItems) return items;
  }
}

async function main() {
  fs.mkdirSync(state, { recursive: true });
  registerInitializer("sqljs", new SqljsInitializer(state));
  const config = mergeConfig(testConfig, {
    apiOptions: { hostname: "127.0.0.1", port: Number(port) },
    logger: new DefaultLogger({ level: LogLevel.Error }),
    defaultLanguageCode: language,
    importExportOptions: { importAssetsDir: path.join(folder, "assets") },
  });
  const server = new TestServer(config);
  // By number: a machine without a name service knows no localhost.
  const client = new SimpleGraphQLClient(config, `http://127.0.0.1:${port}/${config.apiOptions.adminApiPath}`);
  await server.init({
    customerCount: 0,
    logging: false,
    initialData: {
      defaultLanguage: language,
      defaultZone: "Asia",
      countries: [{ name: "China", code: "CN", zone: "Asia" }],
      taxRates: [{ name: "standard", percentage: 0 }],
      shippingMethods: [],
      paymentMethods: [],
      collections: [],
    },
  });
  await client.asSuperAdmin();
  const report = await imported(server.app);
  const products = {};
  for (const each of LANGUAGES) products[each] = await all(client, each);
  fs.writeFileSync(path.join(state, "answer.json"), JSON.stringify({ report, products }));
  await server.destroy();
}

main().then(
  () => process.exit(0),
  (fault) => {
    console.error(fault);
    process.exit(1);
  },
);
