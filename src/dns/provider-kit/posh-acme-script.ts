/** Exit codes of the script. */
export const POSH_EXIT = { done: 0, failed: 1, noModule: 2, noPlugin: 3, arguments: 4, throttled: 5 } as const;

/**
 * One script for every task. The task comes through standard input as one JSON object in ASCII, so that no part of it
 * is on a command line or in the environment. Publish-Challenge of Posh-ACME would work out the record's value from an
 * account of its own, so the script does the rest of its work instead: it loads the plugin's file into the scope of the
 * module and calls Add-DnsTxt or Remove-DnsTxt, then Save-DnsTxt. Of an error it prints the type, the HTTP status and
 * the line, never the message, which may quote a secret.
 */
export const POSH_SCRIPT = `
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$code = ${POSH_EXIT.failed}
try {
  $task = [Console]::In.ReadToEnd() | ConvertFrom-Json
  $code = ${POSH_EXIT.noModule}
  $module = Import-Module -Name $task.module -PassThru | Where-Object { $_.Name -eq 'Posh-ACME' }
  if (-not $module) { throw 'This is not the module Posh-ACME.' }
  $code = ${POSH_EXIT.noPlugin}
  $file = Join-Path (Join-Path $module.ModuleBase 'Plugins') ($task.plugin + '.ps1')
  if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { throw 'There is no such plugin.' }
  $code = ${POSH_EXIT.arguments}
  $arguments = @{}
  foreach ($entry in $task.arguments.PSObject.Properties) {
    $value = $entry.Value
    if ($value -is [Management.Automation.PSCustomObject]) {
      $secure = ConvertTo-SecureString -String $value.secure -AsPlainText -Force
      if ($value.user) { $value = New-Object Management.Automation.PSCredential($value.user, $secure) }
      else { $value = $secure }
    }
    $arguments[$entry.Name] = $value
  }
  $code = ${POSH_EXIT.failed}
  & $module {
    param($file, $action, $name, $text, $arguments)
    . $file
    if ((Get-CurrentPluginType) -ne 'dns-01') { throw 'The plugin is not for dns-01.' }
    if ($action -eq 'present') { Add-DnsTxt -RecordName $name -TxtValue $text @arguments | Out-Null }
    else { Remove-DnsTxt -RecordName $name -TxtValue $text @arguments | Out-Null }
    Save-DnsTxt @arguments | Out-Null
  } $file $task.action $task.name $task.value $arguments
  $code = ${POSH_EXIT.done}
} catch {
  $said = $_.Exception.GetType().FullName
  if ($_.Exception.Response) {
    $status = [int]$_.Exception.Response.StatusCode
    $said += ' status ' + $status
    if ($status -eq 429) { $code = ${POSH_EXIT.throttled} }
  }
  $script = $_.InvocationInfo.ScriptName
  if ($script) { $said += ' at ' + (Split-Path -Leaf $script) + ':' + $_.InvocationInfo.ScriptLineNumber }
  [Console]::Error.WriteLine($said)
}
exit $code
`;

/** The command that runs the script; PowerShell wants UTF-16 in Base64. The execution policy of the machine applies. */
export function poshCommand(program: string): readonly string[] {
  const encoded = Buffer.from(POSH_SCRIPT, 'utf16le').toString('base64');
  return [program, '-NoLogo', '-NoProfile', '-NonInteractive', '-OutputFormat', 'Text', '-EncodedCommand', encoded];
}
