# Writes what a run could change on this machine into a folder: .github/windows-snapshot.ps1 FOLDER
param([Parameter(Mandatory)] [string] $Folder)

New-Item -ItemType Directory -Force $Folder | Out-Null
netsh http show sslcert | Set-Content "$Folder/sslcert.txt"
netsh http show urlacl | Set-Content "$Folder/urlacl.txt"
netsh http show iplisten | Set-Content "$Folder/iplisten.txt"
Copy-Item "$env:windir/System32/inetsrv/config/applicationHost.config" "$Folder/applicationHost.config"
foreach ($store in 'MY', 'WebHosting', 'CA', 'Root') {
  certutil -store $store | Set-Content "$Folder/store-$store.txt"
}
# Names alone: what is in these files is nobody's business.
Get-ChildItem -Force "$env:ProgramData/Microsoft/Crypto/Keys" | Sort-Object Name |
  ForEach-Object Name | Set-Content "$Folder/keys.txt"
Get-ChildItem -Force "$env:ProgramData/Microsoft/Crypto/RSA/MachineKeys" | Sort-Object Name |
  ForEach-Object Name | Set-Content "$Folder/rsa-machine-keys.txt"
Get-ScheduledTask | Where-Object TaskName -like 'Everbind*' | ForEach-Object TaskName |
  Set-Content "$Folder/tasks.txt"
# What cannot be shown has an empty file. WebHosting is a store of IIS alone.
exit 0
