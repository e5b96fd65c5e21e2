import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAlibaba } from '../../src/cloud/alibaba-signature.ts';
import { signAws } from '../../src/cloud/aws-signature.ts';
import { signOvh } from '../../src/cloud/ovh-signature.ts';
import { signTencent } from '../../src/cloud/tencent-signature.ts';

test('AWS: the signature of the worked example in the IAM user guide', () => {
  const headers = signAws(
    {
      method: 'GET',
      url: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: '',
    },
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: null },
    { region: 'us-east-1', service: 'iam' },
    Date.UTC(2015, 7, 30, 12, 36),
  );
  assert.deepEqual(headers, {
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  });
});

test('AWS: the signature of get-vanilla-query-order-key-case in the test suite of AWS', () => {
  const { authorization } = signAws(
    {
      method: 'GET',
      url: new URL('https://example.amazonaws.com/?Param2=value2&Param1=value1'),
      headers: {},
      body: '',
    },
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: null },
    { region: 'us-east-1', service: 'service' },
    Date.UTC(2015, 7, 30, 12, 36),
  );
  assert.match(authorization ?? '', /Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500$/);
});

test('Alibaba Cloud: the signature of the worked example in the documentation', () => {
  const signed = signAlibaba(
    {
      method: 'POST',
      url: new URL(
        'https://ecs.cn-shanghai.aliyuncs.com/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai',
      ),
      headers: { 'x-acs-action': 'RunInstances', 'x-acs-version': '2014-05-26' },
      body: '',
    },
    { accessKeyId: 'YourAccessKeyId', accessKeySecret: 'YourAccessKeySecret' },
    Date.UTC(2023, 9, 26, 10, 22, 32),
    '3156853299f313e23d1673dc12e1703d',
  );
  assert.equal(
    signed['authorization'],
    'ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0',
  );
});

test('Tencent Cloud: the signature of the worked example in the documentation', () => {
  const { authorization } = signTencent(
    {
      method: 'POST',
      url: new URL('https://cvm.tencentcloudapi.com/'),
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
    },
    { secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******', secretKey: 'Gu5t9xGARNpq86cd98joQYCN3*******' },
    'cvm',
    1551113065_000,
  );
  assert.equal(
    authorization,
    'TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c',
  );
});

test('OVHcloud: the signature is over every part of the request, in the order that is documented', () => {
  // printf 'secret+consumer+GET+https://eu.api.ovh.com/1.0/domain/zone/++1366560945' | sha1sum
  const url = new URL('https://eu.api.ovh.com/1.0/domain/zone/');
  const signed = signOvh(
    { method: 'GET', url, headers: {}, body: '' },
    { applicationKey: 'app', applicationSecret: 'secret', consumerKey: 'consumer' },
    1366560945,
  );
  assert.deepEqual(signed, {
    'x-ovh-application': 'app',
    'x-ovh-consumer': 'consumer',
    'x-ovh-timestamp': '1366560945',
    'x-ovh-signature': '$1$d515a35da0ad312007d1cc29374a7a0ae3bf9a25',
  });
});
