/**
 * A PKCS #12 file as OpenSSL 3.0 makes it: an RSA 2048 key and its own certificate for pfx.contract.test, valid for a
 * hundred years. `openssl req -x509 -newkey rsa:2048 -nodes …`, then `openssl pkcs12 -export …`. The key is for nothing
 * else.
 */
export const OPENSSL_PFX = {
  octets: Buffer.from(
    'MIIKcgIBAzCCCigGCSqGSIb3DQEHAaCCChkEggoVMIIKETCCBFIGCSqGSIb3DQEHBqCCBEMwggQ/AgEAMIIEOAYJKoZIhvcNAQcB' +
      'MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjTBQStUpCvEgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEPCS' +
      'eMVw3acWvfi46J/U7c2AggPQquhk4g1V9McMK9DO+dpI5/UUmWyahlTxcnXSjXA3zW+kqKgMd6XykQkz+/3gXXb5nw0PIf24ulYP' +
      'wpb2ZZTZSwKD63i7Ux9CH2sV+u3p6G+tzBUpNN9Y4qjHCHq44pyEBlINyZ1pH75JDMUkfFEwxGmACq+gZN0ngxHuTGc51kOb5poo' +
      '1XEnmw86ofrBgiEBHKixw/msL9Bc4yqIAAAZ23+YYuqKpL25zg5cOEVrBU4+YZPt/59eWWEhbs3HPl/iuQ2RK5e9CtH042Pe7E33' +
      'Yr9Vc8WIhsrJMpvNN2sqNR1SfuJrL4wP3UD6sYH/dNc7FjJa0lKLRVZxDP8iP+4EI4yXWLTfZyHfh1zqC8IPZbzgFKuSmj503K5+' +
      '98enRZpVMulOh/JB9xhw/IrxErs3WhatqqTW6sAhhlzXeVgerZeF0InyAJ18450YpLZwwXwvnBSraBs1xbLXl1gX3T4zvkuOOQOd' +
      'oTdzOoQ/x6jW7IR9JUcuAyYPXbLCfK5tR3uNuSdyTTCX1lLDjVH21XKzWPwMS1sfTQSiiFLTTm2wMEtVFkeuptIpUEpaco1cMeBf' +
      'KzMhHF6v1u4Cw9OHQ1aHuXFH8ehHXN6NtLLfPrKZmFip759BgA0b0s7EokUjy+R9f10sXqNMjx/hFGZblKof3VnwlDWCBkLqokY9' +
      'jyrk4AyHkrf4TY62lBycT0gj67mTXJxNP3wYbQcACwL1BSGO8o4oOu8wN4vbpsmQwZpuSIOZHYZXuzV11PgntRBbnuHAy1SGUcqt' +
      'bA5tJ3oiLLVLgIrr4RzUl6cn1UZIWeCQBXwp7HRVak35LObWbEqvEtJ3QAG9huEFvjKU1zSH6p/qCZXV2eGYXaCKIt0DZp/TuyUa' +
      'zzZNNZUHmemgbhJvdr8sBPpsNjueuaxDiMorI3X1wGsngcQDgQ/U26CuSTbJbq7tFD27//oTB6kK2kaQKJxkFMYV8NdTJl/Ldnr/' +
      'XggQGPMQCcU8eccv/z/ETvTaBtei5uV8JmDddbuH2A8ZhgkE9clSIidrYApQiZ3jsbJqXOESbJZaUm2IfXgLuPTwxQ2VAvFL6Ruh' +
      'SsWQFnmMXw/vWPNw2+eBy2Bp+n7eOA02GyGZ7XypqPdcYbpzsaaQZZTfHxtywtIe3jSVwRcaNpZNK8K5mXy92xsHRsiWYMl1OZzb' +
      'y14QzbrHNiVIZGa6W512M4G9hbgGVNUIVVYgGEDuPBlsd2CLxhw+y6SQFxyZBcno76RI5fWZlOPuDmlDkfOV05v5mOoxROnWdYh/' +
      'XjdKUXGyEbPTtCk6Dodyub4ovzCCBbcGCSqGSIb3DQEHAaCCBagEggWkMIIFoDCCBZwGCyqGSIb3DQEMCgECoIIFMTCCBS0wVwYJ' +
      'KoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECFAht97IcEtWAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQZimCWDya' +
      'CMqjWb4RQuxqfwSCBNAxFBhURUWE+w5kYtguTRm0tvPPLUybKgwx9CjmL8f4Cxqq+ST1iDgZSprN+yzsJJdRPWouWiB2gHq3Cldg' +
      'R7Ao7huoCf02mAxdG42OAWQy94NIZZDDYmWBMa4sd2z0D4T/rgM3IRtbb3HtGoEO5pjwYTUSueoVSjZbe/Tmd/4nR+/DmltjV3uB' +
      '66x1+9LddCrBnNYBIl5i5VrSI8ivbQSOFSVufwak+TmA7CYwzW4CefIdvC37RajDR4rOiikF50fKRX30RBrgNt3FSVAZUQq38dmV' +
      'Qcqg0YiBqsOPIHmf+IRgp+hUibIgjOWErvtOy1LabpVPMN4gC3dSoUdcFZOiyaHDXZOk9Ln485EiaGkrNbwfq0+FQjlJdHjjenPA' +
      'UYiS4b4NmPOiSLHDGdbnBbN1gxmFD8b5++N0R1Ngb0XBYd9whlvyW3z2Hy5eK9sf+T13VnBtdGYcgjEtdvOzJhUqDIfzy5IwwMzn' +
      'c7GvDCppLJESPrQV3sO2N3HOvFG1tW5OaON+V3X1PSjl9LwAvXbsd6MhJkNPMpdCK0ncSC52PwxwoZgz2z5cMYUml2dSPJpuGreT' +
      '0PS8Zz9zbpVzVgN/psS2CewgBfEM0F8WI46+i28E0oYaNeLorEkeYepqz1abGkfO2QPNbHkk43VMs1zq6stF1ES2DEXfCfYZUB1V' +
      'YubBOXoXrVCZcLJ333xEqCu/iFS5gLyFx9oMbOuJl3+xQVJqDP6zkLlnbdLKMP+sh13OQR7bLHJ5VtlMTRQ4oj7gloIOHpEr76GG' +
      'nCMOSHhOlnXaNrh074jTK+K4jjWG8Cw+1+bw1zSP0cxuu8AXscKnRgjGpX3I+J9WgcPQwBGKOZ5cGmy8wYpU19TRpOQ7KNoVhQOp' +
      'q+ZK1xCaw4vgXWsa8Zzt9nwxX9o5+VGoN/84Ed/F1iKttFiE1XgMPIuh51z3zKNIS8XXogcX6/6mmEOsXIeF1MWOhiYZyLQvO5pj' +
      'DJ2RQnADVjHdBZjZNc8g4T+ESqVOudkA92Vq7ISSj5cqXtkDAdqTg/wIAQAm1eVn/uqx8uiMuIAIlj5kRBaTgGHpqerQI+ly9cqk' +
      'TgzsxCN216C4AleeFwOSLb9y+w1drqdk0gPW/NY3sjJPAONHn15Xci4CGtneHnphE9F9k4zxGCdO944goemqCPFF0USzveP6VVjs' +
      '7D/86D44tnasGdB08zN24p2RBMndERt93grA0bp7yuPsrFAfVZn3CwDV/OLNA1109mK8lw32TnPM5a/0TBL/fnBCFu/++LIAAfWo' +
      'AlwRwcv1/x2Zxn4yuMRA9OBtvzrpBosNoBBfbdUV8nYG4mMVh1Do0UYHBPOLco9wgbSOjJk0WkMxgX+s6wgcmguY2/4jB+SxDaeD' +
      'lfVSTPbt4ubXKduYoIgkJ1mInomSG4y8LQWf2ZDEKMdTwMZZaMCfX1MhBkZ7eAx4C4ziELKnHEVadu6t6auDkoHNOJ/qOQzgFyXH' +
      'NMxa0UilIdc7+nuIGGeEYNfc9rkWB6bRRwPExBvIF0/STQ5wKZAeAZlg6zvyE/7vpB4fqlcwFzInwOSBhveKkErxa96oSGRAOjQd' +
      'ePJv8CGQmKP3G6zOgsN/Rj0twEZmwb7wL/rbYg5iqGI+5fgHPqGUx3HbuiHmwDFYMCMGCSqGSIb3DQEJFTEWBBQwlhpdBWPgJq+z' +
      'qAud5Qj84Tw/GTAxBgkqhkiG9w0BCRQxJB4iAEUAdgBlAHIAYgBpAG4AZAAgAGMAbwBuAHQAcgBhAGMAdDBBMDEwDQYJYIZIAWUD' +
      'BAIBBQAEIOAqF+LLsgy488Gy0UJr2hzkSlY1qSyqAlwAp+9Lvr40BAh56U3qFU1EgwICCAA=',
    'base64',
  ),
  password: 'everbind-contract',
} as const;
