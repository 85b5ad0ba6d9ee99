/**
 * An untrusted certificate of localhost, valid for a hundred years, its key and another key:
 *
 *   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
 *     -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
 *     -addext basicConstraints=critical,CA:FALSE
 */
export const cert = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUKMWdd+RWQ0s3FDXCJmpLj/sx7wIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTIyMzYxOVoYDzIxMjYxMTA1
MjIzNjE5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS2RWvzl7vRUpHPl8UXJAiL6fd0NDnue8c2PYw2plBOaRJT7OaUccRP
sLTLWEGDCuFdZgjb+Z6z7Xj50IiP3LXto2wwajAdBgNVHQ4EFgQU1DPH51i20wdr
NKOzep5ocp76jMEwHwYDVR0jBBgwFoAU1DPH51i20wdrNKOzep5ocp76jMEwGgYD
VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSAAwRQIgWirIrp5mn0UmFHoLNeY1rUTUlpaAoU1U7bGw0vQwa/QCIQCL6Nrp
2Ip5buJlGW13h/nKy18hrEwFIr86YuVWRG/yxQ==
-----END CERTIFICATE-----
`;

export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgj1N+Su1HPZL426Ax
25ulcQyN1RiIxrmBhzRdWgrLsU+hRANCAAS2RWvzl7vRUpHPl8UXJAiL6fd0NDnu
e8c2PYw2plBOaRJT7OaUccRPsLTLWEGDCuFdZgjb+Z6z7Xj50IiP3LXt
-----END PRIVATE KEY-----
`;

export const otherKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8LmnFtUlKUERejIj
auzNlLUl978iZ987OZah8SYJnKahRANCAASK42dsV3mha5838/TImTOCuC+I3w9c
AnXFwyt0gKqjtO80hd58c13+XzTzMWSKvELHEvel2ms2k9xk3xC3wMVG
-----END PRIVATE KEY-----
`;
