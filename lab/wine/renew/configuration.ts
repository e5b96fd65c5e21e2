/** The IIS server of the Wine lab: one of each kind of https binding, on addresses that every Linux machine has. */
export const APPLICATION_HOST_CONFIG = `<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <configSections>
    <sectionGroup name="system.applicationHost">
      <section name="sites" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
    </sectionGroup>
  </configSections>
  <system.applicationHost>
    <sites>
${site(1, 'Default Web Site', 'wwwroot', ['http/*:80:', 'https/*:8443:'])}
${site(2, 'Shop', 'shop', ['http/*:80:shop.wine.test', 'https/*:443:shop.wine.test 1', 'https/*:443:www.shop.wine.test 1'])}
${site(3, 'Strict', 'strict', ['https/*:443:strict.wine.test 97'])}
${site(4, 'Bücherstube', 'buch', ['https/*:443:xn--bcherstube-9db.wine.test 33'])}
${site(5, 'By address', 'address', ['https/127.0.0.2:443:'])}
${site(6, 'IPv6', 'six', ['https/[::1]:4443:six.wine.test'])}
${site(7, 'API one', 'one', ['https/127.0.0.3:443:one.wine.test'])}
${site(8, 'API two', 'two', ['https/127.0.0.3:443:two.wine.test'])}
      <siteDefaults><logFile logFormat="W3C" /></siteDefaults>
    </sites>
  </system.applicationHost>
</configuration>
`;

function site(id: number, name: string, folder: string, bindings: readonly string[]): string {
  const elements = bindings.map((text) => {
    const [binding = '', flags] = text.split(' ');
    const slash = binding.indexOf('/');
    const sslFlags = flags === undefined ? '' : ` sslFlags="${flags}"`;
    return `          <binding protocol="${binding.slice(0, slash)}" bindingInformation="${binding.slice(slash + 1)}"${sslFlags} />`;
  });
  return `      <site name="${name}" id="${id}">
        <application path="/">
          <virtualDirectory path="/" physicalPath="C:\\inetpub\\${folder}" />
        </application>
        <bindings>
${elements.join('\n')}
        </bindings>
      </site>`;
}
