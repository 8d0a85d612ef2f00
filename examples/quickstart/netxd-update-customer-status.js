#!/usr/bin/env node
// NetXD, Update Customer Status, with Node's own library only.
// usage: netxd-update-customer-status.js [CUSTOMER [STATUS [NOTES]]]
var crypto = require('crypto');
var fs = require('fs');
var path = require('path');

// NAME=value or NAME='value', one a line, as `statusgate quickstart` writes them.
var root = path.resolve(__dirname, '..', '..');
var file = path.resolve(root, process.env.STATUSGATE_ENV || 'var/quickstart.env');
if (!fs.existsSync(file)) {
  console.error(file + " cannot be read: start the gateway with 'make run' first, " +
    "or name its file in STATUSGATE_ENV");
  process.exit(2);
}
var env = {};
fs.readFileSync(file, 'utf8').split('\n').forEach(function (line) {
  var parts = /^(\w+)=(.*)$/.exec(line);
  if (parts) {
    env[parts[1]] = parts[2].replace(/^'(.*)'$/, '$1').replace(/'\\''/g, "'");
  }
});

var url = new URL(env.STATUSGATE_URL);
var http = require(url.protocol === 'https:' ? 'https' : 'http');
var options = {
  'method': 'POST',
  'hostname': url.hostname,
  'port': url.port,
  'path': '/jsonrpc',
  'headers': {
    'Content-Type': 'application/json'
  }
};

var payload = {
  "ID": process.argv[2] || "100000000025001",
  "status": process.argv[3] || "ACTIVE",
  "notes": process.argv[4] || "Testing Update"
};
var signature = crypto.sign('sha256', Buffer.from(JSON.stringify(payload)),
  fs.readFileSync(env.NETXD_PRIVATE_KEY)).toString('base64');

var req = http.request(options, function (res) {
  var chunks = [];

  res.on("data", function (chunk) {
    chunks.push(chunk);
  });

  res.on("end", function () {
    var body = Buffer.concat(chunks).toString();
    console.log(body);
    process.exitCode = JSON.parse(body).result ? 0 : 1;
  });

  res.on("error", function (error) {
    console.error(error);
    process.exitCode = 1;
  });
});

req.on("error", function (error) {
  console.error(error.message);
  process.exitCode = 1;
});

var postData = JSON.stringify({
  "method": "CustomerService.UpdateCustomerStatus",
  "id": "1",
  "params": {
    "api": {
      "signature": signature,
      "keyId": env.NETXD_KEY_ID,
      "credential": env.NETXD_CREDENTIAL
    },
    "payload": payload
  }
});

req.write(postData);

req.end();
