# Installs what build.ps1 made, silently, into a folder with a blank and a letter beyond ASCII: tests the installed
# program, upgrades it in place, removes it, and looks that the runs are still there. Refuses where SkinKD is in use.
#   powershell -ExecutionPolicy Bypass -File installers\windows\try.ps1 -Setup dist\skinkd-...-setup.exe

param([Parameter(Mandatory = $true)] [string] $Setup)

Set-StrictMode -Version 3.0
$ErrorActionPreference = "Stop"

function Invoke-Silently([string] $Program, [string[]] $More) {
    $arguments = @("/VERYSILENT", "/SUPPRESSMSGBOXES", "/NORESTART") + $More
    $done = Start-Process -FilePath $Program -ArgumentList $arguments -PassThru -Wait
    if ($done.ExitCode -ne 0) { throw "$Program ended with status $($done.ExitCode)" }
}

function Assert-That([bool] $Holds, [string] $What) {
    if (-not $Holds) { throw "Not so: $What" }
    Write-Host "ok: $What"
}

function Test-Open {
    $mutex = $null
    $there = [Threading.Mutex]::TryOpenExisting("SkinKD", [ref] $mutex)
    if ($there) { $mutex.Dispose() }
    return $there
}

$key = "HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\{3EE93BB8-78AD-445D-9140-66C3BA96B13B}_is1"
$progids = "HKCU:\Software\Classes\.safetensors\OpenWithProgids"
$data = Join-Path $env:LOCALAPPDATA "SkinKD"
if ((Test-Path $key) -or (Test-Path $data)) { throw "This user has a SkinKD already; try it as another user" }

$program = Join-Path $env:LOCALAPPDATA ("Programs\SkinKD " + [char]0x00FC)
$note = Join-Path $data "runs\kept.txt"
New-Item -ItemType Directory -Path (Split-Path $note) -Force | Out-Null
Set-Content -LiteralPath $note -Value "a run"
try {
    Invoke-Silently $Setup @("/DIR=`"$program`"", "/TASKS=")
    Assert-That (Test-Path $key) "it stands among the installed programs of this user"
    Assert-That (Test-Path "$env:APPDATA\Microsoft\Windows\Start Menu\Programs\SkinKD.lnk") "it is in the Start menu"
    Assert-That ((Get-Item $progids).Property -contains "SkinKD.Model") "it is offered for model files"
    & (Join-Path $PSScriptRoot "selftest.ps1") -Folder $program

    $window = Start-Process -FilePath (Join-Path $program "skinkd.exe") -PassThru
    for ($tries = 0; $tries -lt 60 -and -not (Test-Open); $tries++) { Start-Sleep -Seconds 1 }
    Assert-That (Test-Open) "an open window can be noticed"
    $refused = try { Invoke-Silently $Setup @("/TASKS="); $false } catch { $true }
    Assert-That $refused "nothing is replaced under an open window"
    Stop-Process -Id $window.Id
    $window.WaitForExit()

    Set-Content -LiteralPath (Join-Path $program "_internal\left-over.txt") -Value "of an older version"
    Invoke-Silently $Setup @("/TASKS=")
    Assert-That (Test-Path (Join-Path $program "skinkd.exe")) "an upgrade goes where the program is"
    Assert-That (-not (Test-Path (Join-Path $program "_internal\left-over.txt"))) "an upgrade leaves no old files"

    Invoke-Silently (Join-Path $program "unins000.exe") @()
    # The uninstaller goes on in a copy of itself, to remove its own file.
    for ($tries = 0; $tries -lt 60 -and (Test-Path $program); $tries++) { Start-Sleep -Seconds 1 }
    Assert-That (-not (Test-Path $program)) "removal leaves no folder"
    Assert-That (-not (Test-Path $key)) "removal leaves no entry among the installed programs"
    $left = if (Test-Path $progids) { (Get-Item $progids).Property } else { @() }
    Assert-That ($left -notcontains "SkinKD.Model") "removal takes the offer for model files back"
    Assert-That (Test-Path -LiteralPath $note) "removal leaves the runs"
} finally {
    Remove-Item -LiteralPath $note -ErrorAction SilentlyContinue
}
