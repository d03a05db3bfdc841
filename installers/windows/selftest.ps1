# Runs the own test of a frozen SkinKD; its runs go into folders whose names hold blanks and letters beyond ASCII.
#   powershell -File selftest.ps1 -Folder FOLDER

param([Parameter(Mandatory = $true)] [string] $Folder)

Set-StrictMode -Version 3.0
$ErrorActionPreference = "Stop"

$name = "SkinKD Pr" + [char]0x00FC + "fung " + [guid]::NewGuid().ToString("N").Substring(0, 8)
$scratch = Join-Path ([IO.Path]::GetTempPath()) $name
New-Item -ItemType Directory -Path $scratch | Out-Null
$variables = @{
    SKINKD_RUNS  = (Join-Path $scratch "runs")
    SKINKD_CACHE = (Join-Path $scratch "cache")
    SKINKD_STATE = (Join-Path $scratch "state")
    HF_HUB_OFFLINE = "1"
}
try {
    foreach ($name in $variables.Keys) { Set-Item -LiteralPath "Env:$name" -Value $variables[$name] }
    Write-Host "== Self-test of $Folder"
    # The window's program has no console: Start-Process waits for it and knows its status, and a file holds its words.
    $place = Join-Path $scratch "test"
    $arguments = @("--self-test", "`"$place`"")
    $done = Start-Process -FilePath (Join-Path $Folder "skinkd.exe") -ArgumentList $arguments -PassThru -Wait
    Get-ChildItem -LiteralPath $place -Filter "self-test.*" -ErrorAction SilentlyContinue |
        ForEach-Object { Get-Content -LiteralPath $_.FullName -Encoding UTF8 | Write-Host }
    if ($done.ExitCode -ne 0) { throw "skinkd --self-test ended with status $($done.ExitCode)" }
    & (Join-Path $Folder "skinkd-cli.exe") doctor
    if ($LASTEXITCODE -ne 0) { throw "skinkd-cli doctor ended with status $LASTEXITCODE" }
} finally {
    foreach ($name in $variables.Keys) { Remove-Item -LiteralPath "Env:$name" -ErrorAction SilentlyContinue }
    Remove-Item -LiteralPath $scratch -Recurse -Force -ErrorAction SilentlyContinue
}
