# Builds SkinKD's installer for Windows (64 bit): freezes the program, tries it, packs it with Inno Setup.
#
#   powershell -ExecutionPolicy Bypass -File installers\windows\build.ps1 [-Edition cpu|gpu]
#
# Needs uv on the PATH and Inno Setup 6.3 or later. Environment variables; -Edition gpu needs the second, the others are
# optional:
#   SKINKD_ISCC       Inno Setup's ISCC.exe, where it is in no usual place
#   SKINKD_GPU_TORCH  the folder of wheels, or the index, with a CUDA build of torch; the package index has CPU builds
#   SKINKD_SIGNTOOL   the command that signs a file, $f in place of its name, $q in place of a quote; unsigned without
#
# Plain ASCII on purpose: Windows PowerShell 5.1 reads a file without a byte order mark in the system's code page.

param([ValidateSet("cpu", "gpu")] [string] $Edition = "cpu")

Set-StrictMode -Version 3.0
$ErrorActionPreference = "Stop"
$PythonVersion = "3.12"
$OldestRuntime = [version] "14.42"  # the compiler that built torch 2.15
$LongestPath = 180  # inside the program's folder; 259 less "C:\Users\<40 characters>\AppData\Local\Programs\SkinKD\"

function Invoke-Step([string] $What, [scriptblock] $Step) {
    Write-Host "== $What"
    & $Step
    if ($LASTEXITCODE -ne 0) { throw "$What failed with status $LASTEXITCODE" }
}

function Find-InnoSetup {
    $places = @($env:SKINKD_ISCC)
    $onPath = Get-Command "ISCC.exe" -ErrorAction SilentlyContinue
    if ($onPath) { $places += $onPath.Source }
    $places += "${env:ProgramFiles(x86)}\Inno Setup 6\ISCC.exe"
    $places += "$env:ProgramFiles\Inno Setup 6\ISCC.exe"
    $places += "$env:LOCALAPPDATA\Programs\Inno Setup 6\ISCC.exe"
    foreach ($place in $places) {
        if ($place -and (Test-Path -LiteralPath $place)) { return $place }
    }
    throw "Inno Setup is missing: winget install JRSoftware.InnoSetup, or set SKINKD_ISCC to its ISCC.exe"
}

function Assert-ShortPaths([string] $Folder) {
    # Python and Qt open such files through functions that know 259 characters, whatever Windows allows.
    $longest = Get-ChildItem -LiteralPath $Folder -Recurse -File |
        Sort-Object { $_.FullName.Length } -Descending | Select-Object -First 1
    $length = $longest.FullName.Length - $Folder.Length - 1
    Write-Host "Longest path in the program's folder: $length characters"
    if ($length -gt $LongestPath) { throw "Too long for a user with a long name: $($longest.FullName)" }
}

function Assert-Runtime([string] $Folder) {
    # torch asks for the threads library and dies in a msvcp140.dll that is older than its compiler.
    foreach ($name in "msvcp140.dll", "vcruntime140.dll", "vcruntime140_1.dll", "vcruntime140_threads.dll") {
        if (-not (Test-Path -LiteralPath "$Folder\_internal\$name")) { throw "The program lacks $name" }
    }
    foreach ($library in Get-ChildItem -LiteralPath $Folder -Recurse -File -Filter "msvcp140.dll") {
        $found = [version] ("{0}.{1}" -f $library.VersionInfo.FileMajorPart, $library.VersionInfo.FileMinorPart)
        if ($found -lt $OldestRuntime) { throw "$($library.FullName) is version $found, older than $OldestRuntime" }
    }
}

Set-Location -LiteralPath (Join-Path $PSScriptRoot "..\..")
if (-not (Get-Command "uv" -ErrorAction SilentlyContinue)) { throw "uv is missing: winget install astral-sh.uv" }
$compiler = Find-InnoSetup

Invoke-Step "Python $PythonVersion" { uv python install --quiet $PythonVersion }
$python = (& uv python find --managed-python $PythonVersion | Out-String).Trim()
if (-not $python) { throw "uv found no Python $PythonVersion" }

Invoke-Step "Freezing the $Edition edition" { & $python installers\build.py $Edition }
$frozen = (Resolve-Path -LiteralPath "dist\$Edition\skinkd").Path
Assert-ShortPaths $frozen
Assert-Runtime $frozen

& (Join-Path $PSScriptRoot "selftest.ps1") -Folder $frozen

$version = (& $python installers\identity.py version | Out-String).Trim()
$numbers = (& $python installers\identity.py numbers | Out-String).Trim()
$arguments = @("/Qp", "/DAppVersion=$version", "/DNumbers=$numbers", "/DEdition=$Edition")
if ($env:SKINKD_SIGNTOOL) {
    $arguments += @("/DSigned", "/Sskinkd=$env:SKINKD_SIGNTOOL")
} else {
    Write-Host "SKINKD_SIGNTOOL is not set: the installer is unsigned, and Windows will warn of an unknown publisher"
}
Invoke-Step "Packing with $compiler" { & $compiler @arguments installers\windows\skinkd.iss }

Get-ChildItem -Path "dist\skinkd-$version-windows-x64*-setup*" |
    ForEach-Object { Write-Host ("{0}  {1:N0} MB" -f $_.Name, ($_.Length / 1e6)) }
